import { Card, Group, Select, SimpleGrid, Stack, Text, TextInput, Title } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import type { TakingsBy, VariancesBy } from '@/api';
import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { toMinor } from '@/money';
import { EVERYBODY, useTakings, useVariances } from '@/state/queries/figures';
import type { Period, TakingsOut, VarianceOut, Whose } from '@/state/queries/figures';
import { useBranches } from '@/state/queries/places';

import type { Bar } from './parts/BarFigure';
import { Choice } from './parts/Choice';
import { DataTable } from './parts/DataTable';
import { PlaceFilters } from './parts/Filters';
import { PageHead } from './parts/PageHead';
import { everyStep } from './parts/steps';
import { daysAgo, useTime } from './parts/time';

// The charts' library is larger than all other pages together: it comes only here.
const BarFigure = lazy(() => import('./parts/BarFigure').then((part) => ({ default: part.BarFigure })));

const CUTS: readonly TakingsBy[] = ['hour', 'cashier', 'register', 'method', 'category'];

/** What was taken and what was missing, over time, per person and per register. */
export function FiguresPage() {
  const { t } = useTranslation();
  const [period, setPeriod] = useState<Period>({ from: daysAgo(30), to: daysAgo(0), branchId: null });
  const [by, setBy] = useState<'day' | 'month'>('day');
  const branches = useBranches().data ?? [];
  return (
    <Stack>
      <PageHead title={t('office.figures.title')} />
      <Group align="flex-end" className="no-print">
        {(['from', 'to'] as const).map((end) => (
          <TextInput
            key={end}
            type="date"
            label={t(`office.${end}`)}
            value={period[end]}
            onChange={(event) => {
              if (event.currentTarget.value !== '')
                setPeriod({ ...period, [end]: event.currentTarget.value });
            }}
          />
        ))}
        {branches.length > 1 && (
          <Choice
            label={t('office.branch')}
            value={period.branchId}
            data={branches.map((branch) => ({ value: branch.id, label: branch.name }))}
            onValue={(branchId) => {
              setPeriod({ ...period, branchId });
            }}
          />
        )}
        <Select
          label={t('office.figures.over')}
          value={by}
          allowDeselect={false}
          data={(['day', 'month'] as const).map((value) => ({
            value,
            label: t(`office.figures.by.${value}`),
          }))}
          onChange={(chosen) => {
            if (chosen !== null) setBy(chosen);
          }}
        />
      </Group>
      <Takings by={by} period={period} isWide />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        {CUTS.map((cut) => (
          <Takings key={cut} by={cut} period={period} />
        ))}
        {(['cashier', 'register'] as const).map((cut) => (
          <Variances key={cut} by={cut} period={period} />
        ))}
      </SimpleGrid>
      <VariancesOverTime by={by} period={period} />
    </Stack>
  );
}

/** Whether a difference was once or is a habit: over time, of one person or one register where one is chosen. */
function VariancesOverTime({ by, period }: { by: 'day' | 'month'; period: Period }) {
  const [whose, setWhose] = useState<Whose>({ registerId: null, openedBy: null });
  return (
    <Variances by={by} period={period} whose={whose} isWide>
      <PlaceFilters value={whose} onValue={setWhose} />
    </Variances>
  );
}

/** How the key of a line is called. */
function useName(by: TakingsBy | VariancesBy) {
  const { t } = useTranslation();
  const time = useTime();
  return (line: { key: string | null; label: string | null }) => {
    if (line.key === null) return t('office.none');
    if (by === 'day') return time.day(line.key);
    if (by === 'hour') return `${line.key.padStart(2, '0')}:00`;
    if (by === 'method') return t(`office.method.${line.key as 'CASH'}`);
    return line.label ?? line.key;
  };
}

function Takings({ by, period, isWide }: { by: TakingsBy; period: Period; isWide?: boolean }) {
  const { t } = useTranslation();
  const money = useMoney();
  const found = useTakings(by, period);
  const name = useName(by);
  const title = t('office.figures.takings', { by: t(`office.figures.by.${by}`) });
  return (
    <Figure
      title={title}
      error={found.error}
      lines={found.data}
      isWide={isWide ?? false}
      bars={(lines: TakingsOut[]) => spread(by, lines, name, (line) => ({ value: line?.total ?? 0 }))}
    >
      {(lines: TakingsOut[]) => (
        <DataTable
          label={title}
          items={lines}
          rowKey={(line) => `${line.key ?? ''} ${line.currency}`}
          columns={[
            { head: t(`office.figures.by.${by}`), cell: name },
            {
              head: t('office.figures.sales'),
              cell: (line) => line.salesCount,
              isNumber: true,
              isSecondary: true,
            },
            {
              head: t('office.total'),
              cell: (line) => money.minor(toMinor(line.total, line.currency), line.currency),
              isNumber: true,
            },
          ]}
        />
      )}
    </Figure>
  );
}

/** A bar for every line, and over time one for every step without any. */
function spread<T extends { key: string | null; label: string | null }>(
  by: string,
  lines: T[],
  name: (line: Pick<T, 'key' | 'label'>) => string,
  size: (line: T | undefined) => Omit<Bar, 'name'>,
): Bar[] {
  const found = new Map(lines.map((line) => [line.key ?? '', line]));
  return everyStep(by, [...found.keys()]).map((key) => {
    const line = found.get(key);
    return { name: name(line ?? { key, label: null }), ...size(line) };
  });
}

interface VariancesProps {
  by: VariancesBy;
  period: Period;
  whose?: Whose;
  isWide?: boolean;
  /** What chooses whose they are. */
  children?: ReactNode;
}

function Variances({ by, period, whose = EVERYBODY, isWide = false, children }: VariancesProps) {
  const { t } = useTranslation();
  const money = useMoney();
  const found = useVariances(by, period, whose);
  const name = useName(by);
  const title = t('office.figures.variances', { by: t(`office.figures.by.${by}`) });
  return (
    <Figure
      title={title}
      error={found.error}
      lines={found.data}
      isWide={isWide}
      filters={children}
      bars={(lines: VarianceOut[]) =>
        spread(by, lines, name, (line) => ({ value: line?.surplus ?? 0, below: line?.shortage ?? 0 }))
      }
    >
      {(lines: VarianceOut[]) => (
        <DataTable
          label={title}
          items={lines}
          rowKey={(line) => `${line.key ?? ''} ${line.currency}`}
          columns={[
            { head: t(`office.figures.by.${by}`), cell: name },
            {
              head: t('office.figures.wrong'),
              cell: (line) => `${line.withDifference} / ${line.sessions}`,
              isNumber: true,
              isSecondary: true,
            },
            {
              head: t('office.figures.surplus'),
              cell: (line) => money.wire(line.surplus, line.currency),
              isNumber: true,
            },
            {
              head: t('office.figures.shortage'),
              cell: (line) => money.wire(line.shortage, line.currency),
              isNumber: true,
            },
          ]}
        />
      )}
    </Figure>
  );
}

interface FigureProps<T> {
  title: string;
  error: unknown;
  lines: T[] | undefined;
  isWide: boolean;
  filters?: ReactNode;
  bars: (lines: T[]) => Bar[];
  children: (lines: T[]) => ReactNode;
}

/** One chart for each currency, and the same figures as a table: for who cannot see the bars, and for who wants cents. */
function Figure<T extends { currency: string }>({
  title,
  error,
  lines,
  isWide,
  filters,
  bars,
  children,
}: FigureProps<T>) {
  const { t } = useTranslation();
  const money = useMoney();
  const currencies = [...new Set(lines?.map((line) => line.currency))];
  return (
    <Card className="surface" component="section" aria-label={title}>
      <Title order={2} size="h4" mb="sm">
        {title}
      </Title>
      {filters}
      <Refusal error={error} />
      {lines?.length === 0 && <Text c="dimmed">{t('office.figures.nothing')}</Text>}
      {lines !== undefined &&
        currencies.map((currency) => (
          <Suspense key={currency} fallback={<div style={{ height: isWide ? 280 : 200 }} />}>
            <BarFigure
              bars={bars(lines.filter((line) => line.currency === currency))}
              unit={currency}
              tell={(value) => money.wire(value, currency)}
              height={isWide ? 280 : 200}
            />
          </Suspense>
        ))}
      {lines !== undefined && lines.length > 0 && children(lines)}
    </Card>
  );
}
