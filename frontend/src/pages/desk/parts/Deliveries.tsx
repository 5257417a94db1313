import { Button } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { DeliveryStatus } from '@/api';
import { useDeliveries } from '@/state/queries/machines';

import { Choice } from './Choice';
import { DataTable } from './DataTable';
import { useTime } from './time';

const STATES: readonly DeliveryStatus[] = ['PENDING', 'DELIVERED', 'DEAD'];

interface Props {
  webhookId: string;
  onAgain: (eventId: string) => void;
}

/** Every event that was sent to an address, or is on its way; it keeps up by itself while it is looked at. */
export function Deliveries({ webhookId, onAgain }: Props) {
  const { t } = useTranslation();
  const time = useTime();
  const [status, setStatus] = useState<DeliveryStatus | null>(null);
  const found = useDeliveries(webhookId, status);
  return (
    <>
      <Choice
        label={t('office.status')}
        value={status}
        data={STATES.map((value) => ({ value, label: t(`office.webhooks.state.${value}`) }))}
        onValue={setStatus}
      />
      <DataTable
        {...found}
        label={t('office.webhooks.deliveries')}
        rowKey={(one) => one.eventId}
        columns={[
          { head: t('office.time'), cell: (one) => time.moment(one.occurredAt) },
          { head: t('office.kind'), cell: (one) => one.type },
          { head: t('office.status'), cell: (one) => t(`office.webhooks.state.${one.status}`) },
          {
            head: t('office.webhooks.attempts'),
            cell: (one) => one.attempts,
            isNumber: true,
            isSecondary: true,
          },
          {
            head: t('office.webhooks.error'),
            cell: (one) => one.error ?? one.responseCode ?? '–',
            isSecondary: true,
          },
          {
            head: t('office.actions'),
            cell: (one) => (
              <Button
                variant="default"
                aria-label={`${t('office.webhooks.again')} ${one.type}`}
                onClick={() => {
                  onAgain(one.eventId);
                }}
              >
                {t('office.webhooks.again')}
              </Button>
            ),
          },
        ]}
      />
    </>
  );
}
