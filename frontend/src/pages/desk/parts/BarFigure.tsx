import { useTranslation } from 'react-i18next';
import {
  Bar as Column,
  BarChart,
  CartesianGrid,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';

export interface Bar {
  name: string;
  value: number;
  /** Zero or negative, in another colour. */
  below?: number;
}

const PEN = 'var(--mantine-color-dimmed)';

interface Props {
  bars: Bar[];
  /** Of all bars: a currency, or kilograms. */
  unit: string;
  /** Writes a value in full. */
  tell: (value: number) => string;
  height: number;
}

/** Values of one unit as bars. The table below it says the same, so it is hidden from screen readers. */
export function BarFigure({ bars, unit, tell, height }: Props) {
  const { i18n } = useTranslation();
  const short = new Intl.NumberFormat(i18n.language, { notation: 'compact', numberingSystem: 'latn' });
  return (
    <div aria-hidden style={{ height }} data-testid={`chart-${unit}`}>
      <ResponsiveContainer width="100%" height="100%">
        <BarChart
          data={bars}
          margin={{ top: 8, right: 8, bottom: 0, left: 0 }}
          accessibilityLayer={false}
          stackOffset="sign"
        >
          <CartesianGrid vertical={false} stroke="var(--mantine-color-default-border)" />
          <XAxis dataKey="name" stroke={PEN} fontSize={12} tickLine={false} />
          <YAxis
            stroke={PEN}
            fontSize={12}
            tickLine={false}
            width={56}
            tickFormatter={(value: number) => short.format(value)}
          />
          <ReferenceLine y={0} stroke={PEN} />
          <Tooltip
            cursor={{ fill: 'var(--mantine-color-default-hover)' }}
            contentStyle={{
              background: 'var(--mantine-color-default)',
              border: '1px solid var(--mantine-color-default-border)',
              color: 'var(--mantine-color-text)',
            }}
            itemStyle={{ color: 'var(--mantine-color-text)' }}
            formatter={(value) => [tell(Number(value)), unit]}
          />
          <Column
            dataKey="value"
            stackId="one"
            fill="var(--mantine-color-pine-6)"
            isAnimationActive={false}
            maxBarSize={48}
          />
          <Column
            dataKey="below"
            stackId="one"
            fill="var(--mantine-color-red-7)"
            isAnimationActive={false}
            maxBarSize={48}
          />
        </BarChart>
      </ResponsiveContainer>
    </div>
  );
}
