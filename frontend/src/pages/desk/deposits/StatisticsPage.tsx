import { Card, Group, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useStatistics } from '@/state/queries/deposits';
import type { StatisticsBy, StatisticsLine } from '@/state/queries/deposits';
import type { Period } from '@/state/queries/figures';

import { DataTable } from '../parts/DataTable';
import { PlaceFilters } from '../parts/Filters';
import { daysAgo, useTime } from '../parts/time';
import { useCategoryName } from './CategoryChoice';
import { DepositHead } from './DepositHead';
import { useWeight } from './weight';

// The charts' library is larger than all other pages together: it comes only where there is a chart.
const BarFigure = lazy(() => import('../parts/BarFigure').then((part) => ({ default: part.BarFigure })));

const OVER = ['day', 'week', 'month'] as const;

/** How much was brought in, over time, by category and by branch. Only validated deposits have a weight here. */
export function StatisticsPage() {
  const { t } = useTranslation();
  const [period, setPeriod] = useState<Period>({ from: daysAgo(30), to: daysAgo(0), branchId: null });
  const [over, setOver] = useState<StatisticsBy>('day');
  return (
    <Stack>
      <DepositHead title={t('deposits.statistics.title')} />
      <Group align="flex-end" gap="sm" className="no-print">
        <PlaceFilters
          value={period}
          onValue={(changed) => {
            // A period has two ends: one that was emptied stays as it was.
            setPeriod({ ...changed, from: changed.from || period.from, to: changed.to || period.to });
          }}
        />
        <Select
          label={t('office.figures.over')}
          value={over}
          allowDeselect={false}
          data={OVER.map((value) => ({ value, label: t(`deposits.statistics.by.${value}`) }))}
          onChange={(chosen) => {
            if (chosen !== null) setOver(chosen);
          }}
        />
      </Group>
      <Figure by={over} period={period} isWide />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Figure by="category" period={period} />
        <Figure by="branch" period={period} />
      </SimpleGrid>
    </Stack>
  );
}

/** How the key of a line is called. */
function useName(by: StatisticsBy) {
  const time = useTime();
  const category = useCategoryName();
  return (line: StatisticsLine) => {
    if (by === 'day' || by === 'week') return time.day(line.key);
    if (by === 'category') return `${line.key} ${category(line.key)}`;
    return line.label ?? line.key;
  };
}

/** Kilograms as bars, and everything that is known as a table below. */
function Figure({ by, period, isWide }: { by: StatisticsBy; period: Period; isWide?: boolean }) {
  const { t } = useTranslation();
  const weight = useWeight();
  const found = useStatistics(by, period);
  const name = useName(by);
  const title = t('deposits.statistics.of', { by: t(`deposits.statistics.by.${by}`) });
  const height = isWide === true ? 280 : 220;
  const lines = found.data ?? [];
  const bars = lines.map((line) => ({
    name: by === 'category' ? line.key : name(line),
    value: line.weightGrams / 1000,
  }));
  return (
    <Card className="surface" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      <Refusal error={found.error} />
      {found.data?.length === 0 && <Text c="dimmed">{t('office.figures.nothing')}</Text>}
      {lines.length > 0 && (
        <>
          <Suspense fallback={<div style={{ height }} />}>
            <BarFigure bars={bars} unit="kg" tell={(value) => weight(value * 1000)} height={height} />
          </Suspense>
          <DataTable
            label={title}
            items={lines}
            rowKey={(line) => line.key}
            columns={[
              { head: t(`deposits.statistics.by.${by}`), cell: name },
              { head: t('deposits.weight'), cell: (line) => weight(line.weightGrams), isNumber: true },
              {
                head: t('deposits.quantity'),
                cell: (line) => line.quantity,
                isNumber: true,
                isSecondary: true,
              },
              { head: t('deposits.status.validated'), cell: (line) => line.validatedCount, isNumber: true },
              {
                head: t('deposits.status.pending_validation'),
                cell: (line) => line.pendingCount,
                isNumber: true,
              },
              {
                head: t('deposits.status.rejected'),
                cell: (line) => line.rejectedCount,
                isNumber: true,
                isSecondary: true,
              },
            ]}
          />
        </>
      )}
    </Card>
  );
}
