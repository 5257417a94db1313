import { Alert, Badge, Button, Card, Container, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { ProvisionalDialog } from '@/components/ProvisionalReceipt';
import { useSentence } from '@/components/useSentence';
import { formatDateTime } from '@/dates';
import { ApiError } from '@/http';
import { useOnline } from '@/state/online';
import { useDrawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';
import type { QueuedSale } from '@/till/database';
import { referenceOf } from '@/till/provisional';
import { queue, sync, useQueued, useSetAside } from '@/till/selling';

import { Dialog } from './selling/CartDialogs';
import { NeedsNetwork } from './selling/NeedsNetwork';

/** Sales that the API has not confirmed: those that wait, and those that need a person. */
export function UnsentPage() {
  const { t } = useTranslation();
  const me = useMe().data;
  const isOnline = useOnline();
  const { waiting, refused } = useQueued();
  const [asideOf, setAsideOf] = useState<QueuedSale | null>(null);
  return (
    <Container component="main" size="md" py="lg">
      <Stack>
        <Title order={1} size="h2">
          {t('selling.unsent.title')}
        </Title>
        <NeedsNetwork what="sync" />
        {waiting.length + refused.length === 0 && <Text c="dimmed">{t('selling.unsent.none')}</Text>}
        {refused.length > 0 && (
          <>
            <Title order={2} size="h4">
              {t('selling.unsent.person')}
            </Title>
            {refused.map((sale) => (
              <Refused key={sale.id} sale={sale} onAside={setAsideOf} />
            ))}
          </>
        )}
        {waiting.length > 0 && (
          <>
            <Group justify="space-between">
              <Title order={2} size="h4">
                {t('selling.unsent.waiting', { count: waiting.length })}
              </Title>
              <Button
                variant="default"
                disabled={!isOnline}
                onClick={() => {
                  if (me !== undefined) void sync(me.user.id);
                }}
              >
                {t('selling.closing.send')}
              </Button>
            </Group>
            {waiting.map((sale) => (
              <Facts key={sale.id} sale={sale}>
                {sale.userId !== me?.user.id && (
                  <Text size="sm">{t('selling.unsent.waitsFor', { name: sale.userName })}</Text>
                )}
              </Facts>
            ))}
          </>
        )}
        <SetAsideList />
      </Stack>
      {asideOf !== null && (
        <AsideDialog
          sale={asideOf}
          by={me?.user.name ?? ''}
          onClose={() => {
            setAsideOf(null);
          }}
        />
      )}
    </Container>
  );
}

interface FactsProps {
  sale: QueuedSale;
  testId?: string;
  children?: React.ReactNode;
}

function Facts({ sale, testId = 'unsent', children }: FactsProps) {
  const { t, i18n } = useTranslation();
  const [isShown, setIsShown] = useState(false);
  const { receipt } = sale;
  const money = useMoney();
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'short', timeStyle: 'medium' });
  return (
    <Card className="surface" padding="sm" data-testid={testId}>
      <Group justify="space-between">
        <Text fw={650}>{money.minor(sale.dueMinor, sale.currency)}</Text>
        <Badge variant="light" tt="none">
          {sale.userName}
        </Badge>
      </Group>
      <Text size="sm" c="dimmed">
        {time.format(new Date(sale.madeAt))} · {referenceOf(sale.id)} · {sale.items.join(', ').slice(0, 80)}
      </Text>
      {children}
      {receipt !== undefined && (
        <Button
          mt="xs"
          variant="subtle"
          px="xs"
          onClick={() => {
            setIsShown(true);
          }}
        >
          {t('selling.provisional.title')}
        </Button>
      )}
      {isShown && receipt !== undefined && (
        <ProvisionalDialog
          receipt={receipt}
          onClose={() => {
            setIsShown(false);
          }}
        />
      )}
    </Card>
  );
}

/** What people took off the list: kept on this device, with who did it, when and why. */
function SetAsideList() {
  const { t, i18n } = useTranslation();
  const all = useSetAside();
  if (all.length === 0) return null;
  return (
    <>
      <Title order={2} size="h4" mt="lg">
        {t('selling.unsent.setAside', { count: all.length })}
      </Title>
      <Text c="dimmed">{t('selling.unsent.setAsideHint')}</Text>
      {all.map(({ id, sale, reason, by, at }) => (
        <Facts key={id} sale={sale} testId="set-aside">
          <Text size="sm">
            {t('selling.unsent.setAsideBy', { name: by, time: formatDateTime(at, i18n.language) })}
          </Text>
          <Text size="sm" fw={600}>
            {reason}
          </Text>
        </Facts>
      ))}
    </>
  );
}

function Refused({ sale, onAside }: { sale: QueuedSale; onAside: (sale: QueuedSale) => void }) {
  const { t } = useTranslation();
  const sentence = useSentence();
  const me = useMe().data;
  const drawer = useDrawer().data ?? null;
  const isOnline = useOnline();
  const [isTrying, setIsTrying] = useState(false);
  const code = sale.refusal?.code ?? '';
  const mayPrice = me?.user.permissions.includes('sales:supervise') ?? false;
  const wantsManager = code === 'PRICE_NOT_ALLOWED' && !mayPrice;
  return (
    <Facts sale={sale}>
      <Alert color="red" my="sm" role="alert">
        {sentence(new ApiError(400, code, sale.refusal?.message ?? '', {}))}
      </Alert>
      <Text size="sm">{t(wantsManager ? 'selling.unsent.manager' : 'selling.unsent.again')}</Text>
      <Group mt="xs">
        <Button
          disabled={!isOnline || wantsManager || me === undefined}
          loading={isTrying}
          onClick={() => {
            if (me === undefined) return;
            setIsTrying(true);
            void queue.retry(sale.id, { userId: me.user.id, sessionId: drawer?.id ?? null }).finally(() => {
              setIsTrying(false);
            });
          }}
        >
          {t('selling.unsent.retry')}
        </Button>
        <Button
          variant="default"
          onClick={() => {
            onAside(sale);
          }}
        >
          {t('selling.unsent.aside')}
        </Button>
      </Group>
    </Facts>
  );
}

interface AsideProps {
  sale: QueuedSale;
  by: string;
  onClose: () => void;
}

/** The sale will not be recorded: said in so many words, and with a reason. */
function AsideDialog({ sale, by, onClose }: AsideProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  return (
    <Dialog
      title={t('selling.unsent.aside')}
      onClose={onClose}
      canDo={reason.trim().length >= 3}
      onDone={() => {
        void queue.setAside(sale.id, reason.trim(), by).then(onClose);
      }}
    >
      <Text>{t('selling.unsent.asideHint')}</Text>
      <TextInput
        data-autofocus
        label={t('common.reason')}
        value={reason}
        maxLength={500}
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
    </Dialog>
  );
}
