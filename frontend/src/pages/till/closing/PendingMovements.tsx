import { Alert, Button, Card, Group, PasswordInput, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { useDecide, useDrawer, usePending } from '@/state/queries/drawer';
import type { Movement } from '@/state/queries/drawer';

import { Dialog } from '../selling/CartDialogs';

/** Movements that wait for a manager, who decides at the desk or here, by their PIN. Nothing where none waits. */
export function PendingMovements({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const money = useMoney();
  const drawer = useDrawer();
  const pending = usePending(sessionId).data ?? [];
  const [asked, setAsked] = useState<Movement | null>(null);
  const count = pending.length;
  const before = useRef(count);
  const { refetch } = drawer;
  useEffect(() => {
    // One that is gone was decided, here or at the desk: what is expected may be another amount now.
    if (count < before.current) void refetch();
    before.current = count;
  }, [count, refetch]);
  if (count === 0) return null;
  return (
    <Alert color="brass" title={t('till.pending.title', { count })} data-testid="pending">
      <Stack gap="xs">
        <Text>{t('till.pending.hint')}</Text>
        {pending.map((movement) => (
          <Card key={movement.id} className="surface" padding="sm">
            <Group justify="space-between">
              <div>
                <Text fw={650}>
                  {Object.entries(movement.amounts)
                    .map(([currency, amount]) => money.wire(amount, currency))
                    .join(' · ')}
                  {' – '}
                  {t(`till.report.kinds.${movement.type}`)}
                </Text>
                <Text c="dimmed" size="sm">
                  {movement.reason}
                </Text>
              </div>
              <Button
                variant="default"
                onClick={() => {
                  setAsked(movement);
                }}
              >
                {t('till.pending.decide')}
              </Button>
            </Group>
          </Card>
        ))}
      </Stack>
      {asked !== null && pending.some((one) => one.id === asked.id) && (
        <DecideDialog
          sessionId={sessionId}
          movement={asked}
          onClose={() => {
            setAsked(null);
          }}
        />
      )}
    </Alert>
  );
}

interface DialogProps {
  sessionId: string;
  movement: Movement;
  onClose: () => void;
}

function DecideDialog({ sessionId, movement, onClose }: DialogProps) {
  const { t } = useTranslation();
  const [pin, setPin] = useState('');
  const [key, renew] = useActKey();
  const decide = useDecide(sessionId);
  const isReady = /^\d{4,8}$/.test(pin) && !decide.isPending;
  const act = (isApproved: boolean) => {
    if (!isReady) return;
    decide.mutate(
      { id: movement.id, isApproved, pin, key },
      {
        onSuccess: () => {
          notifications.show({
            message: t(isApproved ? 'till.pending.approved' : 'till.pending.declined'),
            color: 'pine',
          });
          onClose();
        },
        onError: () => {
          setPin('');
          renew();
        },
      },
    );
  };
  return (
    <Dialog
      title={t('till.pending.decide')}
      onClose={onClose}
      canDo={isReady}
      action={t('till.pending.approve')}
      onDone={() => {
        act(true);
      }}
      extra={
        <Button
          variant="light"
          color="red"
          disabled={!isReady}
          onClick={() => {
            act(false);
          }}
        >
          {t('till.pending.decline')}
        </Button>
      }
    >
      <Text>{movement.reason}</Text>
      <PasswordInput
        data-autofocus
        label={t('selling.refund.pin')}
        inputMode="numeric"
        autoComplete="off"
        maxLength={8}
        value={pin}
        onChange={(event) => {
          setPin(event.currentTarget.value);
        }}
      />
      <Refusal error={decide.error} />
    </Dialog>
  );
}
