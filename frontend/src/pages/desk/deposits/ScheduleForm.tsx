import { PasswordInput, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useActKey } from '@/components/useActKey';
import { knownLanguage } from '@/state/queries/deposits';
import { FILE_LANGUAGES, useSchedule } from '@/state/queries/exports';
import type { NewExport } from '@/state/queries/exports';
import { useMe } from '@/state/queries/me';

import { TIMEZONES } from '../parts/choices';
import { FormDialog } from '../parts/FormDialog';
import { daysAgo } from '../parts/time';

const FIELDS = {
  folder: ['folder'],
  s3: ['endpoint', 'region', 'bucket', 'prefix', 'accessKeyId', 'secretAccessKey'],
  webhook: ['url'],
} as const;
type Target = keyof typeof FIELDS;
type Field = (typeof FIELDS)[Target][number];
/** What the API has a value for. */
const MAY_BE_EMPTY: readonly Field[] = ['folder', 'region', 'prefix'];
const HINTS: Partial<Record<Field, string>> = {
  endpoint: 'https://s3.eu-west-3.amazonaws.com',
  region: 'us-east-1',
  prefix: 'reports/',
  url: 'https://…',
};

/** A day that lies in the period before this one. */
function before(period: string): string {
  if (period === 'month') return daysAgo(new Date().getDate());
  return daysAgo(period === 'week' ? 7 : 1);
}

interface Props {
  onSecret: (secret: string | null) => void;
  onClose: () => void;
}

/** Has the report sent by itself after each day, week or month. */
export function ScheduleForm({ onSecret, onClose }: Props) {
  const { t, i18n } = useTranslation();
  const [key] = useActKey();
  const schedule = useSchedule();
  const zone = useMe().data?.branch?.timezone;
  const [name, setName] = useState('');
  const [target, setTarget] = useState<Target>('folder');
  const [fields, setFields] = useState<Partial<Record<Field, string>>>({});
  const [how, setHow] = useState({
    format: 'csv',
    period: 'month',
    lang: knownLanguage(i18n.language) ?? 'en',
    timezone: zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    first: 'last',
  });
  const wanted: readonly Field[] = FIELDS[target];
  const filled = wanted.filter((field) => (fields[field] ?? '').trim() !== '');
  const isReady =
    name.trim() !== '' && wanted.every((field) => MAY_BE_EMPTY.includes(field) || filled.includes(field));
  const choices = [
    {
      field: 'period',
      data: ['month', 'week', 'day'].map((value) => ({
        value,
        label: t(`deposits.statistics.by.${value as 'day'}`),
      })),
    },
    { field: 'format', data: ['csv', 'xlsx'].map((value) => ({ value, label: value.toUpperCase() })) },
    { field: 'lang', data: Object.entries(FILE_LANGUAGES).map(([value, label]) => ({ value, label })) },
    { field: 'timezone', data: TIMEZONES.map((value) => ({ value, label: value })) },
    {
      field: 'first',
      data: (['last', 'present'] as const).map((value) => ({
        value,
        label: t(`deposits.schedule.firsts.${value}`),
      })),
    },
  ] as const;
  const submit = () => {
    const { first, ...rest } = how;
    const body = {
      name: name.trim(),
      ...rest,
      destination: {
        target,
        ...Object.fromEntries(filled.map((field) => [field, (fields[field] ?? '').trim()])),
      },
      since: first === 'last' ? before(how.period) : null,
    };
    schedule.mutate(
      // Each target has the fields that FIELDS names; a compiler cannot see that.
      { body: body as NewExport, key },
      {
        onSuccess: (made) => {
          onClose();
          onSecret(made.secret);
        },
      },
    );
  };
  return (
    <FormDialog
      title={t('deposits.schedule.new')}
      isReady={isReady}
      isPending={schedule.isPending}
      error={schedule.error}
      size="lg"
      onClose={onClose}
      onSubmit={submit}
    >
      <TextInput
        label={t('office.name')}
        value={name}
        maxLength={120}
        data-autofocus
        onChange={(event) => {
          setName(event.currentTarget.value);
        }}
      />
      <SegmentedControl
        aria-label={t('deposits.schedule.where')}
        value={target}
        onChange={setTarget}
        data={(['folder', 's3', 'webhook'] as const).map((value) => ({
          value,
          label: t(`deposits.schedule.target.${value}`),
        }))}
        styles={{
          root: { flexWrap: 'wrap' },
          label: { minHeight: 44, display: 'grid', alignItems: 'center', whiteSpace: 'normal' },
        }}
      />
      {wanted.map((field) => {
        const Input = field === 'secretAccessKey' ? PasswordInput : TextInput;
        const optional = MAY_BE_EMPTY.includes(field) ? ` (${t('common.optional')})` : '';
        return (
          <Input
            key={field}
            label={t(`deposits.schedule.field.${field}`) + optional}
            placeholder={HINTS[field]}
            value={fields[field] ?? ''}
            maxLength={2000}
            autoComplete="off"
            autoCapitalize="none"
            onChange={(event) => {
              setFields({ ...fields, [field]: event.currentTarget.value });
            }}
          />
        );
      })}
      {choices.map(({ field, data }) => (
        <Select
          key={field}
          label={t(`deposits.schedule.how.${field}`)}
          value={how[field]}
          allowDeselect={false}
          searchable={field === 'timezone'}
          data={[...data]}
          onChange={(chosen) => {
            if (chosen !== null) setHow({ ...how, [field]: chosen });
          }}
        />
      ))}
    </FormDialog>
  );
}
