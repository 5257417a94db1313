import { Button, Card, Group, Select, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { dateLocale } from '@/dates';
import { knownLanguage } from '@/state/queries/deposits';
import { FILE_LANGUAGES, useDownloadReport, useSchedules } from '@/state/queries/exports';
import { useBranches } from '@/state/queries/places';

import { Choice } from '../parts/Choice';
import { PageHead } from '../parts/PageHead';
import { Secrets } from '../parts/Secrets';
import { daysAgo } from '../parts/time';
import { useMay } from '../parts/useMay';
import { ScheduleCard } from './ScheduleCard';
import { ScheduleForm } from './ScheduleForm';

const MONTHS_SHOWN = 13;

/** The report to eco-organisms: downloaded here, or sent by itself. */
export function ExportsPage() {
  const { t } = useTranslation();
  const may = useMay();
  return (
    <Stack>
      <PageHead title={t('deposits.export.title')} />
      {may('reports:read') && <Download />}
      {may('deposits:administer') && <Schedules />}
    </Stack>
  );
}

interface Month {
  value: string;
  from: string;
  to: string;
}

/** The present month and those before it, each with its first and last day. */
function lastMonths(): Month[] {
  const [year = 0, month = 0] = daysAgo(0).split('-').map(Number);
  return Array.from({ length: MONTHS_SHOWN }, (_, back) => {
    const first = new Date(Date.UTC(year, month - 1 - back, 1));
    const last = new Date(Date.UTC(year, month - back, 0));
    const from = first.toISOString().slice(0, 10);
    return { value: from.slice(0, 7), from, to: last.toISOString().slice(0, 10) };
  });
}

function Download() {
  const { t, i18n } = useTranslation();
  const [months] = useState(lastMonths);
  const [chosen, setChosen] = useState(months[0]?.value ?? '');
  const [lang, setLang] = useState<string>(knownLanguage(i18n.language) ?? 'en');
  const [branchId, setBranchId] = useState<string | null>(null);
  const branches = useBranches(useMay()('admin:read')).data ?? [];
  const report = useDownloadReport();
  const month = months.find((one) => one.value === chosen);
  const name = new Intl.DateTimeFormat(dateLocale(i18n.language), {
    month: i18n.language === 'km' ? '2-digit' : 'long',
    year: 'numeric',
    timeZone: 'UTC',
  });
  return (
    <Card className="surface" component="section" aria-label={t('deposits.export.month')}>
      <Stack>
        <Title order={2} size="h4">
          {t('deposits.export.month')}
        </Title>
        <Text>{t('deposits.export.hint')}</Text>
        <Group align="flex-end">
          <Select
            label={t('deposits.export.which')}
            value={chosen}
            allowDeselect={false}
            data={months.map(({ value, from }) => ({ value, label: name.format(new Date(from)) }))}
            onChange={(value) => {
              if (value !== null) setChosen(value);
            }}
          />
          {branches.length > 1 && (
            <Choice
              label={t('office.branch')}
              value={branchId}
              data={branches.map((branch) => ({ value: branch.id, label: branch.name }))}
              onValue={setBranchId}
            />
          )}
          <Select
            label={t('deposits.export.language')}
            value={lang}
            allowDeselect={false}
            data={Object.entries(FILE_LANGUAGES).map(([value, label]) => ({ value, label }))}
            onChange={(value) => {
              if (value !== null) setLang(value);
            }}
          />
          {(['csv', 'xlsx'] as const).map((format) => (
            <Button
              key={format}
              loading={report.isPending && report.variables.format === format}
              onClick={() => {
                if (month !== undefined) {
                  report.mutate({ from: month.from, to: month.to, branchId, format, lang });
                }
              }}
            >
              {format.toUpperCase()}
            </Button>
          ))}
        </Group>
        <Refusal error={report.error} />
      </Stack>
    </Card>
  );
}

function Schedules() {
  const { t } = useTranslation();
  const found = useSchedules();
  const [isNew, setIsNew] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <section aria-label={t('deposits.schedule.title')}>
      <Stack>
        <Group justify="space-between">
          <Title order={2} size="h4">
            {t('deposits.schedule.title')}
          </Title>
          <Button
            onClick={() => {
              setIsNew(true);
            }}
          >
            {t('deposits.schedule.new')}
          </Button>
        </Group>
        <Text>{t('deposits.schedule.hint')}</Text>
        <Refusal error={found.error} />
        {!found.isLoading && found.items.length === 0 && (
          <Text c="dimmed">{t('deposits.schedule.none')}</Text>
        )}
        {found.items.map((schedule) => (
          <ScheduleCard key={schedule.id} schedule={schedule} />
        ))}
        {isNew && (
          <ScheduleForm
            onSecret={setSecret}
            onClose={() => {
              setIsNew(false);
            }}
          />
        )}
        {secret !== null && (
          <Secrets
            title={t('deposits.schedule.title')}
            secrets={[{ label: t('office.webhooks.secret'), value: secret }]}
            onClose={() => {
              setSecret(null);
            }}
          />
        )}
      </Stack>
    </section>
  );
}
