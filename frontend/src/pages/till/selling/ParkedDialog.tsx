import { Badge, Button, Card, Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useOnline } from '@/state/online';
import { useParkedCarts, useTakeUp } from '@/state/queries/carts';
import type { Cart } from '@/till/cart';
import { database } from '@/till/database';
import { useParkedHere } from '@/till/selling';

interface Props {
  onClose: () => void;
  onTaken: (cart: Cart) => void;
}

/** Carts that were put aside: those of the branch, and those that this till could not hand over yet. */
export function ParkedDialog({ onClose, onTaken }: Props) {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const isOnline = useOnline();
  const here = useParkedHere();
  const parked = useParkedCarts(isOnline);
  const takeUp = useTakeUp();
  const [keys] = useState(() => new Map<string, string>());
  const time = new Intl.DateTimeFormat(i18n.language, { timeStyle: 'short' });
  const there = (parked.data ?? []).filter((one) => !here.some((own) => own.id === one.id));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('selling.parked.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Refusal error={takeUp.error ?? parked.error} />
        {parked.isLoading && <Loader aria-label={t('common.loading')} />}
        {!parked.isLoading && here.length + there.length === 0 && (
          <Text c="dimmed">{t('selling.parked.none')}</Text>
        )}
        {!isOnline && <Text c="dimmed">{t('selling.parked.offline')}</Text>}
        {here.map((one) => (
          <Card key={one.id} padding="sm" data-testid="parked">
            <Group justify="space-between">
              <div>
                <Text fw={600}>{one.cart.label ?? t('selling.parked.unnamed')}</Text>
                <Badge variant="light" color="brass" tt="none">
                  {t('selling.parked.here')}
                </Badge>
              </div>
              <Button
                onClick={() => {
                  void (async () => {
                    // Only who takes it out of the database has it: not two windows, and not the hand-over.
                    const taken = await database.parked.where({ id: one.id }).delete();
                    if (taken === 1) onTaken({ ...one.cart, id: crypto.randomUUID() });
                  })();
                }}
              >
                {t('selling.parked.take')}
              </Button>
            </Group>
          </Card>
        ))}
        {there.map((one) => (
          <Card key={one.id} padding="sm" data-testid="parked">
            <Group justify="space-between" wrap="nowrap">
              <div>
                <Text fw={600}>{one.label ?? t('selling.parked.unnamed')}</Text>
                <Text size="sm" c="dimmed">
                  {money.wire(one.total, one.currency)} · {one.cashierName} ·{' '}
                  {time.format(new Date(one.updatedAt))}
                </Text>
              </div>
              <Button
                loading={takeUp.isPending}
                onClick={() => {
                  const key = keys.get(one.id) ?? crypto.randomUUID();
                  keys.set(one.id, key);
                  takeUp.mutate(
                    { id: one.id, key },
                    {
                      onSuccess: ({ cart }) => {
                        onTaken(cart);
                      },
                    },
                  );
                }}
              >
                {t('selling.parked.take')}
              </Button>
            </Group>
          </Card>
        ))}
      </Stack>
    </Modal>
  );
}
