import { Alert, Badge, Button, Card, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useAttempts, useChangeSchedule, useDeleteSchedule, useRetrySchedule } from '@/state/queries/exports';
import type { Schedule } from '@/state/queries/exports';

import { Confirm } from '../parts/Confirm';
import { DataTable } from '../parts/DataTable';
import { FormDialog } from '../parts/FormDialog';
import { useTime } from '../parts/time';

/** Where to, in words: `bucket/prefix at https://…`. */
function placeOf({ destination, target }: Schedule): string {
  if (target === 'webhook') return destination.url ?? '';
  if (target === 's3') {
    return `${destination.endpoint ?? ''} ${destination.bucket ?? ''}/${destination.prefix ?? ''}`;
  }
  return destination.folder ?? '';
}

/** A report that is sent by itself: where it goes, how it went, and what can be done about it. */
export function ScheduleCard({ schedule }: { schedule: Schedule }) {
  const { t } = useTranslation();
  const time = useTime();
  const change = useChangeSchedule();
  const retry = useRetrySchedule();
  const [asked, setAsked] = useState<'rename' | 'delete' | null>(null);
  const [isOpen, setIsOpen] = useState(false);
  const { id, isActive, lastError } = schedule;
  const acts = [
    ...(isActive && lastError !== null
      ? [
          {
            label: t('deposits.schedule.retry'),
            isPending: retry.isPending,
            act: () => {
              retry.mutate(id);
            },
          },
        ]
      : []),
    {
      label: t(isActive ? 'deposits.schedule.pause' : 'deposits.schedule.resume'),
      isPending: change.isPending,
      act: () => {
        change.mutate({ id, isActive: !isActive });
      },
    },
    {
      label: t('deposits.schedule.attempts'),
      isPending: false,
      act: () => {
        setIsOpen(!isOpen);
      },
    },
    {
      label: t('office.edit'),
      isPending: false,
      act: () => {
        setAsked('rename');
      },
    },
    {
      label: t('deposits.schedule.delete'),
      isPending: false,
      act: () => {
        setAsked('delete');
      },
    },
  ];
  const forget = () => {
    setAsked(null);
  };
  return (
    <Card className="surface" component="section" aria-label={schedule.name}>
      <Stack>
        <Group justify="space-between">
          <Title order={3} size="h4" style={{ overflowWrap: 'anywhere' }}>
            {schedule.name}
          </Title>
          <Badge variant="light" tt="none" size="lg" color={isActive ? 'pine' : 'gray'}>
            {t(isActive ? 'office.active' : 'deposits.schedule.paused')}
          </Badge>
        </Group>
        <Text style={{ overflowWrap: 'anywhere' }}>
          {[
            `${t(`deposits.schedule.target.${schedule.target}`)} ${placeOf(schedule)}`.trim(),
            schedule.format.toUpperCase(),
            t(`deposits.statistics.by.${schedule.period}`),
            schedule.timezone,
          ].join(' · ')}
        </Text>
        <Text c="dimmed">
          {t('deposits.schedule.next', {
            day: time.day(schedule.periodStart),
            time: time.moment(schedule.nextAttemptAt),
          })}
          {schedule.lastSucceededAt !== null &&
            ` ${t('deposits.schedule.succeeded', { time: time.moment(schedule.lastSucceededAt) })}`}
        </Text>
        {lastError !== null && (
          <Alert color="red" variant="light" data-testid="last-error">
            {t('deposits.schedule.failed', { count: schedule.attempts })} {lastError}
          </Alert>
        )}
        <Group gap="xs">
          {acts.map(({ label, isPending, act }) => (
            <Button key={label} variant="default" loading={isPending} onClick={act}>
              {label}
            </Button>
          ))}
        </Group>
        <Refusal error={change.error ?? retry.error} />
        {isOpen && <Attempts id={id} />}
      </Stack>
      {asked === 'rename' && <Rename schedule={schedule} onClose={forget} />}
      {asked === 'delete' && <Delete schedule={schedule} onClose={forget} />}
    </Card>
  );
}

function Attempts({ id }: { id: string }) {
  const { t } = useTranslation();
  const time = useTime();
  const found = useAttempts(id);
  return (
    <DataTable
      {...found}
      label={t('deposits.schedule.attempts')}
      rowKey={(one) => one.id}
      columns={[
        { head: t('office.time'), cell: (one) => time.moment(one.startedAt) },
        { head: t('office.status'), cell: (one) => t(`office.sync.state.${one.status}`) },
        {
          head: t('office.webhooks.attempts'),
          cell: (one) => one.attempts,
          isNumber: true,
          isSecondary: true,
        },
        { head: t('office.webhooks.error'), cell: (one) => one.error ?? one.responseCode ?? '–' },
      ]}
    />
  );
}

function Rename({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t } = useTranslation();
  const change = useChangeSchedule();
  const [name, setName] = useState(schedule.name);
  return (
    <FormDialog
      title={schedule.name}
      isReady={name.trim() !== ''}
      isPending={change.isPending}
      error={change.error}
      onClose={onClose}
      onSubmit={() => {
        change.mutate({ id: schedule.id, name: name.trim() }, { onSuccess: onClose });
      }}
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
      <Text c="dimmed">{t('deposits.schedule.fixed')}</Text>
    </FormDialog>
  );
}

function Delete({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const { t } = useTranslation();
  const remove = useDeleteSchedule();
  return (
    <Confirm
      title={t('deposits.schedule.delete')}
      submit={t('deposits.schedule.delete')}
      act={remove}
      target={schedule.id}
      onClose={onClose}
    >
      {t('deposits.schedule.deleteText', { name: schedule.name })}
    </Confirm>
  );
}
