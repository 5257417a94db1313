import {
  Button,
  Card,
  Container,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { formatDateTime } from '@/dates';
import { useDrawer } from '@/state/queries/drawer';
import { useOpenDrawerWithoutSale } from '@/state/queries/me';

import { PendingMovements } from './closing/PendingMovements';

/** The till at rest: the state of the drawer, and everything that can be done with it. */
export function HomePage() {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const drawer = useDrawer().data;
  const [asksWhy, setAsksWhy] = useState(false);
  if (drawer == null) return null;
  const big = { size: 'xl', h: 84, variant: 'default' } as const;
  return (
    <Container component="main" size="md" py="lg">
      <Stack gap="lg">
        <Title order={1} size="h2">
          {t('till.home.title')}
        </Title>
        <Card className="surface">
          <Text c="dimmed">
            {t('till.home.since', { time: formatDateTime(drawer.openedAt, i18n.language) })}
          </Text>
          <Group gap="xl" mt="xs">
            {drawer.balances.map((balance) => (
              <div key={balance.currency}>
                <Text fz={30} fw={650} data-testid={`expected-${balance.currency}`}>
                  {balance.expectedCash === null
                    ? money.wire(balance.openingFloat, balance.currency)
                    : money.wire(balance.expectedCash, balance.currency)}
                </Text>
                <Text c="dimmed">
                  {balance.expectedCash === null ? t('till.home.float') : t('till.home.expected')}
                </Text>
              </div>
            ))}
          </Group>
        </Card>
        <PendingMovements sessionId={drawer.id} />
        <Button component={Link} to="/till/sell" size="xl" h={84} autoFocus>
          {t('selling.nav.sell')}
        </Button>
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Button {...big} component={Link} to="/till/movement">
            {t('till.home.movement')}
          </Button>
          <Button
            {...big}
            onClick={() => {
              setAsksWhy(true);
            }}
          >
            {t('till.home.noSale')}
          </Button>
          <Button {...big} component={Link} to="/till/x">
            {t('till.home.x')}
          </Button>
          <Button {...big} component={Link} to="/till/close">
            {t('till.home.close')}
          </Button>
        </SimpleGrid>
      </Stack>
      {asksWhy && (
        <NoSale
          onClose={() => {
            setAsksWhy(false);
          }}
        />
      )}
    </Container>
  );
}

function NoSale({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const [reason, setReason] = useState<string>(t('till.noSale.change'));
  const open = useOpenDrawerWithoutSale();
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('till.home.noSale')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (open.isPending) return;
          open.mutate(
            { reason, key },
            {
              onSuccess: () => {
                notifications.show({ message: t('till.noSale.done'), color: 'pine' });
                onClose();
              },
            },
          );
        }}
      >
        <Stack>
          <Text>{t('till.noSale.hint')}</Text>
          <TextInput
            label={t('common.reason')}
            value={reason}
            data-autofocus
            maxLength={120}
            onChange={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
          <Refusal error={open.error} />
          <Button type="submit" loading={open.isPending} disabled={reason.trim().length < 3}>
            {t('till.noSale.do')}
          </Button>
        </Stack>
      </form>
    </Modal>
  );
}
