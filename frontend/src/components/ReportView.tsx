import { Card, Stack, Table, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import type { Report } from '@/api';
import { formatTime } from '@/dates';

import { useMoney } from './Money';

const LINES = [
  'openingFloat',
  'totalSalesCash',
  'totalRefunds',
  'totalPaidIn',
  'totalPaidOut',
  'totalAdjustments',
  'totalSafeDrops',
  'expectedCash',
  'countedCash',
  'variance',
] as const;

/** An X or a Z on screen: the figures of the drawer by currency, then its movements. */
export function ReportView({ report }: { report: Report }) {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const currencies = report.summary.byCurrency;
  const lines = LINES.filter((line) => currencies.some((one) => one[line] !== null));
  return (
    <Stack>
      <Card className="surface">
        <Table.ScrollContainer minWidth={240}>
          <Table fz="md" verticalSpacing="xs" aria-label={t('till.report.summary')}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('till.report.summary')}</Table.Th>
                {currencies.map((one) => (
                  <Table.Th key={one.currency} ta="right">
                    {one.currency}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {lines.map((line) => (
                <Table.Tr key={line} fw={line === 'variance' || line === 'expectedCash' ? 650 : undefined}>
                  <Table.Th scope="row" fw="inherit">
                    {t(`till.report.lines.${line}`)}
                  </Table.Th>
                  {currencies.map((one) => (
                    <Table.Td key={one.currency} ta="right" data-testid={`${line}-${one.currency}`}>
                      {amount(one[line], one.currency, line === 'variance')}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
              {(['leftCash', 'removedCash'] as const).map((line) => (
                <Left key={line} line={line} report={report} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Card>
      <Title order={2} size="h4">
        {t('till.report.movements', { count: report.movementsTotal })}
      </Title>
      {report.movements.map((movement) => (
        <Card key={movement.id} className="surface" padding="sm">
          <Text fw={600}>
            {Object.entries(movement.amounts)
              .map(([currency, value]) => money.wire(value, currency))
              .join(' · ')}
            {' – '}
            {t(`till.report.kinds.${movement.type}`)}
          </Text>
          <Text c="dimmed">
            {formatTime(movement.createdAt, i18n.language)} · {movement.reason}
            {movement.status === 'APPROVED' ? '' : ` · ${t(`till.report.status.${movement.status}`)}`}
          </Text>
        </Card>
      ))}
    </Stack>
  );

  function amount(value: number | null, currency: string, isSigned: boolean): string {
    if (value === null) return '–';
    return money.wire(value, currency, isSigned ? 'always' : undefined);
  }
}

/** What the close left in the drawer or took out of it, where it said so. */
function Left({ line, report }: { line: 'leftCash' | 'removedCash'; report: Report }) {
  const { t } = useTranslation();
  const money = useMoney();
  // A Z that was made before reports knew of it has none.
  const amounts = report.summary[line] ?? null;
  if (amounts === null) return null;
  return (
    <Table.Tr>
      <Table.Th scope="row" fw="inherit">
        {t(`till.report.lines.${line}`)}
      </Table.Th>
      {report.summary.byCurrency.map(({ currency }) => (
        <Table.Td key={currency} ta="right" data-testid={`${line}-${currency}`}>
          {money.wire(amounts[currency] ?? 0, currency)}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
