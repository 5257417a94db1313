import { Anchor, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLive } from '@/state/live';
import { CATEGORIES, useDepositEvents, useDeposits } from '@/state/queries/deposits';
import type { Deposit, DepositFilters } from '@/state/queries/deposits';

import { Choice } from '../parts/Choice';
import { DataTable } from '../parts/DataTable';
import { PlaceFilters } from '../parts/Filters';
import { daysAgo, useTime } from '../parts/time';
import { useCategoryName } from './CategoryChoice';
import { DepositDialog } from './DepositDialog';
import { DepositHead } from './DepositHead';
import { named, StatusBadge } from './Facts';
import { useWeight } from './weight';

const STATES = ['pending_validation', 'validated', 'rejected', 'corrected'] as const;

/** What was brought in; what was corrected is listed only where it is asked for. */
export function DepositsPage() {
  const { t } = useTranslation();
  const time = useTime();
  const weight = useWeight();
  const name = useCategoryName();
  const [filters, setFilters] = useState<DepositFilters>({
    status: null,
    category: null,
    branchId: null,
    from: daysAgo(30),
    to: null,
  });
  const [opened, setOpened] = useState<Deposit | null>(null);
  const found = useDeposits(filters);
  useLive(useDepositEvents());
  return (
    <Stack>
      <DepositHead title={t('deposits.title')} />
      <Group align="flex-end" gap="sm" className="no-print">
        <PlaceFilters value={filters} onValue={setFilters} />
        <Choice
          label={t('office.status')}
          value={filters.status}
          data={STATES.map((value) => ({ value, label: t(`deposits.status.${value}`) }))}
          onValue={(status) => {
            setFilters({ ...filters, status });
          }}
        />
        <Choice
          label={t('deposits.category')}
          value={filters.category}
          data={CATEGORIES.map((value) => ({ value, label: `${value} ${name(value)}` }))}
          onValue={(category) => {
            setFilters({ ...filters, category });
          }}
        />
      </Group>
      <DataTable
        {...found}
        label={t('deposits.title')}
        rowKey={(deposit) => deposit.id}
        columns={[
          {
            head: t('deposits.description'),
            cell: (deposit) => (
              <Anchor
                component="button"
                type="button"
                py={10}
                miw={44}
                ta="left"
                style={{ overflowWrap: 'anywhere' }}
                onClick={() => {
                  setOpened(deposit);
                }}
              >
                {named(deposit)}
              </Anchor>
            ),
          },
          { head: t('deposits.weight'), cell: (deposit) => weight(deposit.weightGrams), isNumber: true },
          { head: t('deposits.category'), cell: (deposit) => name(deposit.category), isSecondary: true },
          { head: t('office.status'), cell: (deposit) => <StatusBadge status={deposit.status} /> },
          { head: t('office.person'), cell: (deposit) => deposit.recordedByName, isSecondary: true },
          { head: t('office.branch'), cell: (deposit) => deposit.branchName, isSecondary: true },
          { head: t('office.day'), cell: (deposit) => time.day(deposit.businessDate), isSecondary: true },
        ]}
      />
      {opened !== null && (
        <DepositDialog
          key={opened.id}
          deposit={opened}
          onClose={() => {
            setOpened(null);
          }}
        />
      )}
    </Stack>
  );
}
