import { Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { SyncStatus } from '@/api';
import { useSyncLogs } from '@/state/queries/machines';

import { Choice } from './parts/Choice';
import { DataTable } from './parts/DataTable';
import { PageHead } from './parts/PageHead';
import { useTime } from './parts/time';

/** Every attempt to bring data out, and what came of it. */
export function SyncLogPage() {
  const { t } = useTranslation();
  const time = useTime();
  const [status, setStatus] = useState<SyncStatus | null>(null);
  const found = useSyncLogs(status);
  return (
    <Stack>
      <PageHead title={t('office.sync.title')} />
      <Choice
        label={t('office.status')}
        value={status}
        data={(['SUCCEEDED', 'FAILED'] as const).map((value) => ({
          value,
          label: t(`office.sync.state.${value}`),
        }))}
        onValue={setStatus}
      />
      <DataTable
        {...found}
        label={t('office.sync.title')}
        rowKey={(one) => one.id}
        columns={[
          { head: t('office.time'), cell: (one) => time.moment(one.startedAt) },
          { head: t('office.sync.target'), cell: (one) => one.target },
          { head: t('office.kind'), cell: (one) => one.operation, isSecondary: true },
          { head: t('office.status'), cell: (one) => t(`office.sync.state.${one.status}`) },
          { head: t('office.sync.events'), cell: (one) => one.eventCount, isNumber: true, isSecondary: true },
          {
            head: t('office.webhooks.error'),
            cell: (one) => one.error ?? one.responseCode ?? '–',
            isSecondary: true,
          },
        ]}
      />
    </Stack>
  );
}
