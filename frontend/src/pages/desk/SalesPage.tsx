import { Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { useTickets } from '@/state/queries/tickets';

import { DataTable } from './parts/DataTable';
import { PlaceFilters } from './parts/Filters';
import { AnchorTo } from './parts/links';
import { PageHead } from './parts/PageHead';
import { daysAgo, useTime } from './parts/time';

/** Sales and refunds; a ticket is found by the number on its paper. */
export function SalesPage() {
  const { t } = useTranslation();
  const money = useMoney();
  const time = useTime();
  const [number, setNumber] = useState('');
  const [filters, setFilters] = useState<{
    from: string | null;
    to: string | null;
    branchId: string | null;
    registerId: string | null;
  }>({ from: daysAgo(7), to: null, branchId: null, registerId: null });
  const [receiptNumber] = useDebouncedValue(number.trim(), 250);
  const found = useTickets({ ...filters, receiptNumber });
  return (
    <Stack>
      <PageHead title={t('office.sale.title')} />
      <Group align="flex-end">
        <TextInput
          label={t('office.sale.number')}
          value={number}
          inputMode="numeric"
          onChange={(event) => {
            setNumber(event.currentTarget.value);
          }}
        />
        <PlaceFilters value={filters} onValue={setFilters} />
      </Group>
      <DataTable
        {...found}
        label={t('office.sale.title')}
        rowKey={(sale) => sale.id}
        columns={[
          {
            head: t('office.sale.number'),
            cell: (sale) => (
              <AnchorTo to="/desk/sales/$id" params={{ id: sale.id }}>
                {sale.receiptNumber}
              </AnchorTo>
            ),
          },
          { head: t('office.time'), cell: (sale) => time.moment(sale.occurredAt) },
          { head: t('office.kind'), cell: (sale) => t(`office.sale.kind.${sale.kind}`), isSecondary: true },
          { head: t('office.register'), cell: (sale) => sale.registerName ?? '–', isSecondary: true },
          { head: t('office.person'), cell: (sale) => sale.cashierName, isSecondary: true },
          { head: t('office.total'), cell: (sale) => money.wire(sale.total, sale.currency), isNumber: true },
        ]}
      />
    </Stack>
  );
}
