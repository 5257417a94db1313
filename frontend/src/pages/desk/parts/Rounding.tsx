import { Card, Select, SimpleGrid, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import type { RoundingMode } from '@/api';
import { AmountField } from '@/components/AmountField';
import { parseAmount, plain, toMinor, toWire } from '@/money';
import type { Branch, Policies } from '@/state/queries/places';

type Rules = Policies['cashRounding'];
type Typed = Record<string, { step: string; mode: RoundingMode }>;

const MODES: readonly RoundingMode[] = ['NEAREST', 'UP', 'DOWN'];

/** The rules of a branch as they are typed; a currency that is not rounded is an empty field. */
export function typedRules(branch: Branch, rules: Rules): Typed {
  return Object.fromEntries(
    branch.currencies.map((currency) => {
      const rule = rules[currency];
      const step = rule === undefined ? '' : plain(toMinor(rule.step, currency), currency);
      return [currency, { step, mode: rule?.mode ?? 'NEAREST' }];
    }),
  );
}

/** What was typed over what stands, for currencies beside those of the branch too; null while a step is none. */
export function readRules(typed: Typed, before: Rules): Rules | null {
  const rules = new Map(Object.entries(before));
  for (const [currency, { step, mode }] of Object.entries(typed)) {
    const minor = parseAmount(step, currency);
    if (minor === null || minor < 0) return null;
    if (minor === 0) rules.delete(currency);
    else rules.set(currency, { step: toWire(minor, currency), mode });
  }
  return Object.fromEntries(rules);
}

/** To what an amount that is paid in cash is rounded, per currency. */
export function Rounding({ rules, onRules }: { rules: Typed; onRules: (rules: Typed) => void }) {
  const { t } = useTranslation();
  const title = t('office.policies.rounding');
  return (
    <Card className="surface" component="section" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      <Text c="dimmed">{t('office.policies.roundingHint')}</Text>
      {Object.entries(rules).map(([currency, rule]) => (
        <SimpleGrid key={currency} cols={{ base: 1, xs: 2 }}>
          <AmountField
            label={currency}
            currency={currency}
            text={rule.step}
            onText={(step) => {
              onRules({ ...rules, [currency]: { ...rule, step } });
            }}
          />
          <Select
            label={`${currency}: ${t('office.policies.mode')}`}
            size="lg"
            value={rule.mode}
            allowDeselect={false}
            data={MODES.map((mode) => ({ value: mode, label: t(`office.policies.modes.${mode}`) }))}
            onChange={(mode) => {
              if (mode !== null) onRules({ ...rules, [currency]: { ...rule, mode } });
            }}
          />
        </SimpleGrid>
      ))}
    </Card>
  );
}
