import { Badge, Button, Modal, SimpleGrid, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { ProvisionalDialog, ProvisionalPrint } from '@/components/ProvisionalReceipt';
import { PrintButton, ReceiptDialog } from '@/components/Receipt';
import type { Minor } from '@/money';
import type { Sale } from '@/state/queries/sales';
import { queue, useQueued } from '@/till/selling';
import type { Settled } from '@/till/settlement';

import styles from './selling.module.css';

export interface Made {
  id: string;
  dueMinor: Minor;
  currency: string;
  settled: Settled;
  /** As the API answered it; null while it waits in the queue. */
  sale: Sale | null;
}

/** The sale is made: what goes back to the customer in large figures, then the next one. */
export function SaleDone({ made, onNext }: { made: Made; onNext: () => void }) {
  const { t } = useTranslation();
  const money = useMoney();
  const [isShown, setIsShown] = useState(false);
  const queued = useQueued();
  const waits = [...queued.waiting, ...queued.refused].find((one) => one.id === made.id);
  // It may be sent while the customer still stands there.
  const sale = made.sale ?? queue.sentSale(made.id);
  const change = made.settled.payments.find((one) => one.flow === 'CHANGE');
  const hide = () => {
    setIsShown(false);
  };
  if (isShown && sale !== null) return <ReceiptDialog saleId={sale.id} onClose={hide} />;
  if (isShown && waits?.receipt !== undefined)
    return <ProvisionalDialog receipt={waits.receipt} onClose={hide} />;
  return (
    <Modal opened onClose={onNext} withCloseButton={false} size="md" title={t('selling.done.title')}>
      <Stack gap="lg" py="sm">
        <Stack gap={4} align="center">
          <Text c="dimmed">{t(change === undefined ? 'selling.done.noChange' : 'selling.done.change')}</Text>
          <div className={styles.change} data-testid="change-due">
            {change === undefined
              ? money.minor(made.dueMinor, made.currency)
              : money.minor(-change.amountMinor, change.currency)}
          </div>
          {sale === null ? (
            <Badge color="brass" size="lg" tt="none" variant="light" data-testid="kept">
              {t('selling.done.kept')}
            </Badge>
          ) : (
            <Text c="dimmed" data-testid="receipt-number">
              {t('selling.done.receipt', { number: sale.receiptNumber })}
            </Text>
          )}
        </Stack>
        {(sale !== null || waits?.receipt !== undefined) && (
          <SimpleGrid cols={2}>
            {sale !== null ? (
              <PrintButton saleId={sale.id} />
            ) : (
              waits?.receipt !== undefined && <ProvisionalPrint receipt={waits.receipt} />
            )}
            <Button
              variant="default"
              onClick={() => {
                setIsShown(true);
              }}
            >
              {t('selling.receipt.show')}
            </Button>
          </SimpleGrid>
        )}
        <Button size="xl" data-autofocus onClick={onNext} data-testid="next">
          {t('selling.done.next')}
        </Button>
      </Stack>
    </Modal>
  );
}
