import { Alert, Button, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { useMe } from '@/state/queries/me';
import { useGiveCode, useLinks, useRemoveLink } from '@/state/queries/telegram';
import type { LinkCode, TelegramLink } from '@/state/queries/telegram';

import { Confirm } from './parts/Confirm';
import { DataTable } from './parts/DataTable';
import { PageHead } from './parts/PageHead';
import { useTime } from './parts/time';

/** Telegram accounts: one's own, linked by a code that is told to the bot; for an admin those of everybody. */
export function TelegramPage() {
  const { t } = useTranslation();
  const time = useTime();
  const me = useMe().data?.user;
  const [given, setGiven] = useState<LinkCode | null>(null);
  const found = useLinks(given !== null);
  const [removed, setRemoved] = useState<TelegramLink | null>(null);
  return (
    <Stack>
      <PageHead title={t('deposits.telegram.title')} />
      <Text maw={720}>{t('deposits.telegram.hint')}</Text>
      <GiveCode given={given} onGiven={setGiven} />
      <Title order={2} size="h4">
        {t(me?.role === 'ADMIN' ? 'deposits.telegram.every' : 'deposits.telegram.own')}
      </Title>
      <DataTable
        {...found}
        label={t('deposits.telegram.accounts')}
        rowKey={(link) => link.id}
        empty={t('deposits.telegram.none')}
        columns={[
          { head: t('office.person'), cell: (link) => link.userName },
          { head: t('deposits.telegram.account'), cell: (link) => link.name },
          {
            head: t('deposits.telegram.since'),
            cell: (link) => time.moment(link.linkedAt),
            isSecondary: true,
          },
          {
            head: t('office.actions'),
            cell: (link) => (
              <Button
                variant="default"
                onClick={() => {
                  setRemoved(link);
                }}
              >
                {t('deposits.telegram.unlink')}
              </Button>
            ),
          },
        ]}
      />
      {removed !== null && (
        <Unlink
          link={removed}
          onClose={() => {
            setRemoved(null);
          }}
        />
      )}
    </Stack>
  );
}

interface GiveProps {
  given: LinkCode | null;
  onGiven: (code: LinkCode | null) => void;
}

/** The code is on this page only, and only until it is left or the code is too old. */
function GiveCode({ given, onGiven }: GiveProps) {
  const { t } = useTranslation();
  const time = useTime();
  const [key, renew] = useActKey();
  const give = useGiveCode();
  useEffect(() => {
    if (given === null) return;
    const left = Date.parse(given.expiresAt) - Date.now();
    const timer = setTimeout(() => {
      onGiven(null);
    }, left);
    return () => {
      clearTimeout(timer);
    };
  }, [given, onGiven]);
  return (
    <Card className="surface" component="section" aria-label={t('deposits.telegram.link')} maw={720}>
      <Stack>
        {given?.code == null ? (
          <Group>
            <Button
              loading={give.isPending}
              onClick={() => {
                give.mutate(key, {
                  onSuccess: (code) => {
                    renew();
                    onGiven(code);
                  },
                });
              }}
            >
              {t('deposits.telegram.give')}
            </Button>
          </Group>
        ) : (
          <Alert color="brass" role="status">
            <Stack gap="xs">
              <Text>{t('deposits.telegram.how')}</Text>
              <Code fz="xl" data-testid="link-code">
                /start {given.code}
              </Code>
              <Text>{t('deposits.telegram.until', { time: time.clock(given.expiresAt) })}</Text>
            </Stack>
          </Alert>
        )}
        <Refusal error={give.error} />
      </Stack>
    </Card>
  );
}

function Unlink({ link, onClose }: { link: TelegramLink; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useRemoveLink();
  return (
    <Confirm
      title={t('deposits.telegram.unlink')}
      submit={t('deposits.telegram.unlink')}
      act={remove}
      target={link.id}
      onClose={onClose}
    >
      {t('deposits.telegram.unlinkText', { name: link.userName })}
    </Confirm>
  );
}
