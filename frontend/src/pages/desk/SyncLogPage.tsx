import { Select, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { SyncStatus } from '@/api';
import { useSyncLogs } from '@/state/queries/machines';

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
      <Select
        label={t('office.status')}
        placeholder={t('office.all')}
        maw={320}
        value={status}
        clearable
        clearButtonProps={{ 'aria-label': t('office.clear') }}
        data={(['SUCCEEDED', 'FAILED'] as const).map((value) => ({
          value,
          label: t(`office.sync.state.${value}`),
        }))}
        onChange={(chosen) => {
          setStatus(chosen);
        }}
      />
      <DataTable
        label={t('office.sync.title')}
        rows={found.items}
        rowKey={(one) => one.id}
        error={found.error}
        isLoading={found.isLoading}
        more={found.more}
        isMore={found.isMore}
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
