import { SegmentedControl, Stack, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useSessions } from '@/state/queries/sessions';
import type { SessionFilters } from '@/state/queries/sessions';

import { PlaceFilters } from './parts/Filters';
import { PageHead } from './parts/PageHead';
import { SessionTable } from './parts/SessionTable';
import { daysAgo } from './parts/time';

/** Drawers of the past and present; what waits for a review stands first. */
export function SessionsPage() {
  const { t } = useTranslation();
  const [filters, setFilters] = useState<SessionFilters>({
    from: daysAgo(30),
    to: null,
    branchId: null,
    registerId: null,
    openedBy: null,
    status: null,
  });
  const waiting = useSessions(
    { ...filters, from: null, to: null, status: 'PENDING_REVIEW' },
    filters.status === null,
  );
  const found = useSessions(filters);
  return (
    <Stack>
      <PageHead title={t('office.session.title')} />
      <PlaceFilters value={filters} onValue={setFilters} />
      <SegmentedControl
        className="no-print"
        aria-label={t('office.status')}
        value={filters.status ?? 'ALL'}
        onChange={(status) => {
          setFilters({ ...filters, status: status === 'ALL' ? null : status });
        }}
        data={[
          { value: 'ALL', label: t('office.all') },
          ...(['OPEN', 'PENDING_REVIEW', 'CLOSED'] as const).map((status) => ({
            value: status,
            label: t(`office.session.status.${status}`),
          })),
        ]}
        styles={{
          root: { flexWrap: 'wrap' },
          label: { minHeight: 44, display: 'grid', alignItems: 'center' },
        }}
      />
      {filters.status === null && waiting.items.length > 0 && (
        <section aria-label={t('office.session.toReview')}>
          <Title order={2} size="h4" mb="xs">
            {t('office.session.toReview')}
          </Title>
          <SessionTable label={t('office.session.toReview')} found={waiting} empty={t('office.list.empty')} />
        </section>
      )}
      <section aria-label={t('office.session.every')}>
        <Title order={2} size="h4" mb="xs">
          {t('office.session.every')}
        </Title>
        <SessionTable label={t('office.session.every')} found={found} empty={t('office.session.none')} />
      </section>
    </Stack>
  );
}
