import { Group, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useVaultTickets } from '@/state/queries/vault';
import type { VaultTicket } from '@/state/queries/vault';

import { DataTable } from './parts/DataTable';
import { PlaceFilters } from './parts/Filters';
import { AnchorTo } from './parts/links';
import { PageHead } from './parts/PageHead';
import { daysAgo, useTime } from './parts/time';

/** Every ticket of the vault: our own sales, and what other till software has sent. */
export function VaultPage() {
  const { t } = useTranslation();
  const time = useTime();
  const [number, setNumber] = useState('');
  const [days, setDays] = useState<{ from: string | null; to: string | null }>({
    from: daysAgo(7),
    to: null,
  });
  const [sourceId] = useDebouncedValue(number.trim(), 250);
  const found = useVaultTickets({ ...days, sourceId });
  return (
    <Stack>
      <PageHead title={t('vault.title')} />
      <Text c="dimmed">{t('vault.hint')}</Text>
      <Group align="flex-end">
        <TextInput
          label={t('vault.number')}
          value={number}
          maxLength={512}
          onChange={(event) => {
            setNumber(event.currentTarget.value);
          }}
        />
        <PlaceFilters value={days} onValue={setDays} />
      </Group>
      <DataTable
        {...found}
        label={t('vault.title')}
        rowKey={(ticket) => ticket.id}
        columns={[
          {
            head: t('vault.number'),
            cell: (ticket) => (
              <AnchorTo to="/desk/vault/$id" params={{ id: ticket.id }}>
                {fact(ticket, 'source_id')}
              </AnchorTo>
            ),
          },
          { head: t('vault.recorded'), cell: (ticket) => time.moment(ticket.created_at) },
          {
            head: t('vault.session'),
            cell: (ticket) => fact(ticket, 'pos_session'),
            isSecondary: true,
          },
          { head: t('vault.cashier'), cell: (ticket) => fact(ticket, 'cashier'), isSecondary: true },
        ]}
      />
    </Stack>
  );
}

function fact(ticket: VaultTicket, name: string): string {
  const value = ticket.metadata[name];
  return typeof value === 'string' && value !== '' ? value : '–';
}
