import { Badge, Group, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import type { Deposit, DepositStatus } from '@/state/queries/deposits';

import { useTime } from '../parts/time';
import { useWeight } from './weight';

const COLOURS = {
  pending_validation: 'brass',
  validated: 'pine',
  rejected: 'red',
  corrected: 'gray',
} as const;

export function StatusBadge({ status }: { status: DepositStatus }) {
  const { t } = useTranslation();
  return (
    <Badge variant="light" tt="none" size="lg" color={COLOURS[status]}>
      {t(`deposits.status.${status}`)}
    </Badge>
  );
}

/** `2 × micro-ondes`: one of something needs no number. */
export function named(deposit: Deposit): string {
  return deposit.quantity === 1 ? deposit.description : `${deposit.quantity} × ${deposit.description}`;
}

/** What was told: the goods large enough to be read from the scales, then who told it and what became of it. */
export function Facts({ deposit }: { deposit: Deposit }) {
  const { t } = useTranslation();
  const time = useTime();
  const weight = useWeight();
  return (
    <div>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }} data-testid="goods">
          {named(deposit)}
        </Title>
        <Text fw={650} fz="xl" style={{ whiteSpace: 'nowrap' }} data-testid="weight">
          {weight(deposit.weightGrams)}
        </Text>
      </Group>
      <Text c="dimmed">
        {deposit.recordedByName} · {deposit.branchName} · {t(`deposits.channel.${deposit.channel}`)} ·{' '}
        {time.moment(deposit.createdAt)}
      </Text>
      {deposit.supersedes !== null && <Text>{t('deposits.isCorrection')}</Text>}
      {deposit.decidedByName !== null && deposit.decidedAt !== null && (
        <Text>
          {t(`deposits.status.${deposit.status}`)}: {deposit.decidedByName}, {time.moment(deposit.decidedAt)}
        </Text>
      )}
      {deposit.reason !== null && <Text fw={600}>{deposit.reason}</Text>}
    </div>
  );
}
