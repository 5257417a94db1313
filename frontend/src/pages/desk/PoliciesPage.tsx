import {
  Alert,
  Button,
  Card,
  NumberInput,
  Select,
  Stack,
  Switch,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { PoliciesChange } from '@/api';
import { AmountField } from '@/components/AmountField';
import { Refusal } from '@/components/Refusal';
import { LANGUAGES } from '@/i18n';
import type { Language } from '@/i18n';
import { parseAmount, plain, toMinor, toWire } from '@/money';
import { useBranches, usePolicies, useSavePolicies } from '@/state/queries/places';
import type { Branch, Policies } from '@/state/queries/places';

import { PageHead } from './parts/PageHead';
import { readReasons, Reasons, typedReasons } from './parts/Reasons';
import { readRules, Rounding, typedRules } from './parts/Rounding';
import { useMay } from './parts/useMay';

const route = getRouteApi('/desk/policies/$id');
const FLAGS = [
  'cashRequireSessionForSales',
  'cashAllowPaidOut',
  'cashAllowNegativeDrawer',
  'cashBlindClose',
  'cashRequireRefundApproval',
] as const;

/** What holds in a branch: who counts blind, what waits for approval, which rates are used. */
export function PoliciesPage() {
  const { id } = route.useParams();
  const branches = useBranches();
  const policies = usePolicies(id);
  const branch = branches.data?.find((one) => one.id === id);
  return (
    <Stack>
      <Refusal error={policies.error ?? branches.error} />
      {branch !== undefined && policies.data !== undefined && (
        <Form key={JSON.stringify(policies.data)} branch={branch} policies={policies.data} />
      )}
    </Stack>
  );
}

type Texts = Record<string, string>;

/** Amounts per currency as they are typed; a currency without one is an empty field. */
function typed(branch: Branch, amounts: Record<string, number>): Texts {
  return Object.fromEntries(
    branch.currencies.map((currency) => {
      const amount = amounts[currency];
      return [currency, amount === undefined ? '' : plain(toMinor(amount, currency), currency)];
    }),
  );
}

/** What was typed over what stands; null while something is no amount. */
function read(texts: Texts, before: Record<string, number>): Record<string, number> | null {
  const amounts = new Map(Object.entries(before));
  for (const [currency, text] of Object.entries(texts)) {
    const minor = parseAmount(text, currency);
    if (minor === null || minor < 0) return null;
    if (text.trim() === '') amounts.delete(currency);
    else amounts.set(currency, toWire(minor, currency));
  }
  return Object.fromEntries(amounts);
}

/** The same for rates, which are no amounts. */
function readRates(texts: Texts, before: Record<string, number>): Record<string, number> | null {
  const rates = new Map(Object.entries(before));
  for (const [currency, text] of Object.entries(texts)) {
    const rate = Number(text.replace(',', '.'));
    if (text.trim() === '') rates.delete(currency);
    else if (rate > 0 && Number.isFinite(rate)) rates.set(currency, rate);
    else return null;
  }
  return Object.fromEntries(rates);
}

function Form({ branch, policies }: { branch: Branch; policies: Policies }) {
  const { t } = useTranslation();
  const mayChange = useMay()('admin:write');
  const save = useSavePolicies(branch.id);
  const [flags, setFlags] = useState(() => Object.fromEntries(FLAGS.map((flag) => [flag, policies[flag]])));
  const [thresholds, setThresholds] = useState(() => typed(branch, policies.cashVarianceThresholds));
  const [limits, setLimits] = useState(() => typed(branch, policies.cashMovementApprovalLimits ?? {}));
  const [rates, setRates] = useState<Texts>(() =>
    Object.fromEntries(
      branch.currencies
        .filter((currency) => currency !== branch.baseCurrency)
        .map((currency) => [currency, String(policies.fxRates[currency] ?? '')]),
    ),
  );
  const [reasons, setReasons] = useState(() => typedReasons(policies.cashMovementReasons));
  const [rounding, setRounding] = useState(() => typedRules(branch, policies.cashRounding));
  const [hour, setHour] = useState(policies.businessDayCutoffHour);
  const [receipt, setReceipt] = useState({
    receiptLanguage: policies.receiptLanguage,
    receiptHeader: policies.receiptHeader,
    receiptFooter: policies.receiptFooter,
  });
  const change = (): PoliciesChange | null => {
    const [allowed, limited] = [
      read(thresholds, policies.cashVarianceThresholds),
      read(limits, policies.cashMovementApprovalLimits ?? {}),
    ];
    const fxRates = readRates(rates, policies.fxRates);
    const cashMovementReasons = readReasons(reasons);
    const cashRounding = readRules(rounding, policies.cashRounding);
    if (allowed === null || limited === null || fxRates === null) return null;
    if (cashRounding === null || cashMovementReasons === null) return null;
    return {
      ...flags,
      cashVarianceThresholds: allowed,
      cashMovementApprovalLimits: Object.keys(limited).length === 0 ? null : limited,
      fxRates,
      cashRounding,
      cashMovementReasons,
      businessDayCutoffHour: hour,
      ...receipt,
    };
  };
  const body = change();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (body !== null && !save.isPending) save.mutate(body);
      }}
    >
      <fieldset disabled={!mayChange} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
        <Stack maw={720}>
          <PageHead title={`${t('office.policies.title')} · ${branch.name}`} />
          <Card className="surface">
            <Stack>
              {FLAGS.map((flag) => (
                <Switch
                  key={flag}
                  size="lg"
                  label={t(`office.policies.${flag}`)}
                  checked={flags[flag] ?? false}
                  onChange={(event) => {
                    setFlags({ ...flags, [flag]: event.currentTarget.checked });
                  }}
                />
              ))}
            </Stack>
          </Card>
          <Amounts title={t('office.policies.thresholds')} texts={thresholds} onTexts={setThresholds} />
          <Amounts title={t('office.policies.limits')} texts={limits} onTexts={setLimits} />
          <Reasons texts={reasons} onTexts={setReasons} />
          <Rounding rules={rounding} onRules={setRounding} />
          {Object.keys(rates).length > 0 && (
            <Card className="surface">
              <Title order={2} size="h4">
                {t('office.policies.rates', { base: branch.baseCurrency })}
              </Title>
              {Object.entries(rates).map(([currency, text]) => (
                <TextInput
                  key={currency}
                  label={currency}
                  value={text}
                  inputMode="decimal"
                  onChange={(event) => {
                    setRates({ ...rates, [currency]: event.currentTarget.value });
                  }}
                />
              ))}
            </Card>
          )}
          <Card className="surface">
            <Stack>
              <NumberInput
                label={t('office.policies.cutoff')}
                value={hour}
                min={0}
                max={23}
                hideControls
                onChange={(value) => {
                  if (typeof value === 'number') setHour(value);
                }}
              />
              <Select
                label={t('office.policies.receiptLanguage')}
                value={receipt.receiptLanguage}
                allowDeselect={false}
                data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))}
                onChange={(chosen) => {
                  if (chosen !== null) setReceipt({ ...receipt, receiptLanguage: chosen as Language });
                }}
              />
              {(['receiptHeader', 'receiptFooter'] as const).map((field) => (
                <Textarea
                  key={field}
                  label={t(`office.policies.${field}`)}
                  value={receipt[field]}
                  autosize
                  maxRows={8}
                  onChange={(event) => {
                    setReceipt({ ...receipt, [field]: event.currentTarget.value });
                  }}
                />
              ))}
            </Stack>
          </Card>
          <Refusal error={save.error} />
          {save.isSuccess && <Alert role="status">{t('office.saved')}</Alert>}
          {mayChange && (
            <Button type="submit" loading={save.isPending} disabled={body === null}>
              {t('office.save')}
            </Button>
          )}
        </Stack>
      </fieldset>
    </form>
  );
}

function Amounts({
  title,
  texts,
  onTexts,
}: {
  title: string;
  texts: Texts;
  onTexts: (texts: Texts) => void;
}) {
  return (
    <Card className="surface" component="section" aria-label={title}>
      <Title order={2} size="h4">
        {title}
      </Title>
      {Object.entries(texts).map(([currency, text]) => (
        <AmountField
          key={currency}
          label={currency}
          currency={currency}
          text={text}
          onText={(changed) => {
            onTexts({ ...texts, [currency]: changed });
          }}
        />
      ))}
    </Card>
  );
}
