import { Badge, Card, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { useLive } from '@/state/live';
import { useAlertEvents, useAlerts } from '@/state/queries/alerts';
import type { Alert } from '@/state/queries/alerts';

import { DataTable } from './parts/DataTable';
import { AnchorTo, ButtonTo } from './parts/links';
import { PageHead } from './parts/PageHead';
import { useTime } from './parts/time';

const DAYS = ['1', '7', '31'] as const;

/** What a manager should hear of without looking for it. Whatever waits is settled at its drawer, and gone from here. */
export function AlertsPage() {
  const { t } = useTranslation();
  const time = useTime();
  const [days, setDays] = useState<(typeof DAYS)[number]>('1');
  const found = useAlerts(Number(days));
  useLive(useAlertEvents());
  const vault = found.data?.vault;
  return (
    <Stack>
      <PageHead title={t('deposits.alerts.title')} />
      <Text maw={720}>{t('deposits.alerts.hint')}</Text>
      {vault != null && (
        <Card className="surface" component="section" aria-label={t('deposits.alerts.vault')} role="alert">
          <Text fw={650} c="red">
            {t('deposits.alerts.vault')}
          </Text>
          <Text style={{ overflowWrap: 'anywhere' }}>
            {time.moment(vault.at)}: {vault.reason}
            {vault.index === null ? '' : ` (${vault.index})`}
          </Text>
        </Card>
      )}
      <SegmentedControl
        className="no-print"
        aria-label={t('deposits.alerts.since')}
        maw={480}
        value={days}
        onChange={setDays}
        data={DAYS.map((value) => ({ value, label: t(`deposits.alerts.days.${value}`) }))}
        styles={{ label: { minHeight: 44, display: 'grid', alignItems: 'center', whiteSpace: 'normal' } }}
      />
      <DataTable
        label={t('deposits.alerts.title')}
        items={found.data?.items ?? []}
        rowKey={(alert) => alert.key}
        error={found.error}
        isLoading={found.isPending}
        empty={t('deposits.alerts.none')}
        columns={[
          {
            head: t('office.kind'),
            cell: (alert) => (
              <>
                <AnchorTo to="/desk/sessions/$id" params={{ id: alert.sessionId }} fw={600}>
                  {t(`deposits.alerts.kind.${alert.kind}`)}
                </AnchorTo>
                <Text c="dimmed">
                  {alert.registerName ?? '–'} · {alert.openedByName} · {time.moment(alert.at)}
                </Text>
                {alert.forcedReason !== null && <Text>{alert.forcedReason}</Text>}
              </>
            ),
          },
          { head: t('office.difference'), cell: (alert) => <Difference alert={alert} />, isNumber: true },
          {
            head: t('office.status'),
            cell: (alert) => (
              <Badge variant="light" tt="none" size="lg" color={alert.needsReview ? 'red' : 'gray'}>
                {t(`office.session.status.${alert.status}`)}
              </Badge>
            ),
            isSecondary: true,
          },
          {
            // On a phone the kind leads there.
            head: t('office.actions'),
            isSecondary: true,
            cell: (alert) => (
              <ButtonTo variant="default" to="/desk/sessions/$id" params={{ id: alert.sessionId }}>
                {t(alert.needsReview ? 'office.review.do' : 'office.board.show')}
              </ButtonTo>
            ),
          },
        ]}
      />
    </Stack>
  );
}

function Difference({ alert }: { alert: Alert }) {
  const money = useMoney();
  const wrong = alert.balances.filter(({ variance }) => variance !== null && variance !== 0);
  if (wrong.length === 0) return <>–</>;
  return <>{wrong.map((one) => money.wire(one.variance ?? 0, one.currency, 'always')).join(' · ')}</>;
}
