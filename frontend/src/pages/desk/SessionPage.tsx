import { Badge, Button, Card, Group, Stack, Table, Text, Title } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { useMe } from '@/state/queries/me';
import { useDecide, useSession, useSessionMovements } from '@/state/queries/sessions';
import type { Session } from '@/state/queries/sessions';

import { DataTable } from './parts/DataTable';
import { ForceClose } from './parts/ForceClose';
import { PageHead } from './parts/PageHead';
import { Reports } from './parts/Reports';
import { Review } from './parts/Review';
import { STATUS_COLOURS } from './parts/SessionTable';
import { useTime } from './parts/time';
import { useMay } from './parts/useMay';

const route = getRouteApi('/desk/sessions/$id');

/** One drawer: its counts, its movements, its review, its reports. */
export function SessionPage() {
  const { id } = route.useParams();
  const session = useSession(id);
  return (
    <Stack>
      <Refusal error={session.error} />
      {session.data !== undefined && <Detail session={session.data} />}
    </Stack>
  );
}

function Detail({ session }: { session: Session }) {
  const { t } = useTranslation();
  const time = useTime();
  const may = useMay();
  const me = useMe().data?.user.id;
  const [act, setAct] = useState<'review' | 'close' | null>(null);
  const forget = () => {
    setAct(null);
  };
  const facts = [
    [t('office.person'), session.openedByName],
    [t('office.opened'), time.moment(session.openedAt)],
    [t('office.closed'), session.closedAt === null ? null : time.moment(session.closedAt)],
    [t('common.note'), session.note],
    [t('office.session.closeNote'), session.closeNote],
    [t('office.session.forcedReason'), session.forcedReason],
    [t('office.session.reviewedAt'), session.reviewedAt === null ? null : time.moment(session.reviewedAt)],
    [t('office.session.reviewNote'), session.reviewNote],
  ] as const;
  return (
    <>
      <PageHead title={`${session.registerName ?? session.openedByName} · ${time.day(session.businessDate)}`}>
        <Badge variant="light" tt="none" size="xl" color={STATUS_COLOURS[session.status]}>
          {t(`office.session.status.${session.status}`)}
        </Badge>
        {session.status === 'PENDING_REVIEW' && may('cash:supervise') && session.closedBy !== me && (
          <Button
            onClick={() => {
              setAct('review');
            }}
          >
            {t('office.review.do')}
          </Button>
        )}
        {session.status === 'OPEN' && may('cash:supervise') && (
          <Button
            variant="default"
            onClick={() => {
              setAct('close');
            }}
          >
            {t('office.board.forceClose')}
          </Button>
        )}
      </PageHead>
      <Card className="surface">
        {facts.map(([label, value]) =>
          value === null ? null : (
            <Text key={label}>
              <Text span c="dimmed">
                {label}:
              </Text>{' '}
              {value}
            </Text>
          ),
        )}
      </Card>
      <Counts session={session} />
      <Movements session={session} />
      <Reports session={session} />
      {act === 'review' && <Review session={session} onClose={forget} />}
      {act === 'close' && (
        <ForceClose
          sessionId={session.id}
          currencies={session.balances.map((balance) => balance.currency)}
          whose={session.openedByName}
          onClose={forget}
        />
      )}
    </>
  );
}

/** What was found in the drawer, the first count and every one after it. */
function Counts({ session }: { session: Session }) {
  const { t } = useTranslation();
  const money = useMoney();
  const counts = [
    { name: t('office.session.firstCount'), balances: session.balances },
    ...session.recounts.map((recount) => ({
      name: t('office.session.recount', { number: recount.number - 1 }),
      balances: recount.balances,
    })),
  ];
  const shown = (amount: number | null, currency: string, sign?: 'always') =>
    amount === null ? '–' : money.wire(amount, currency, sign);
  return (
    <Card className="surface">
      <Table.ScrollContainer
        minWidth={0}
        scrollAreaProps={{ viewportProps: { tabIndex: 0, 'aria-label': t('office.session.counts') } }}
      >
        <Table fz="md" verticalSpacing="xs" aria-label={t('office.session.counts')}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('office.session.counts')}</Table.Th>
              {(['openingFloat', 'expectedCash', 'countedCash', 'variance'] as const).map((line) => (
                <Table.Th key={line} ta="right">
                  {t(`till.report.lines.${line}`)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {counts.flatMap((count) =>
              count.balances.map((balance) => (
                <Table.Tr key={`${count.name} ${balance.currency}`}>
                  <Table.Th scope="row" fw={400}>
                    {count.name} · {balance.currency}
                  </Table.Th>
                  <Table.Td ta="right">{shown(balance.openingFloat, balance.currency)}</Table.Td>
                  <Table.Td ta="right">{shown(balance.expectedCash, balance.currency)}</Table.Td>
                  <Table.Td ta="right">{shown(balance.countedCash, balance.currency)}</Table.Td>
                  <Table.Td ta="right" fw={650}>
                    {shown(balance.variance, balance.currency, 'always')}
                  </Table.Td>
                </Table.Tr>
              )),
            )}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Card>
  );
}

function Movements({ session }: { session: Session }) {
  const { t } = useTranslation();
  const money = useMoney();
  const time = useTime();
  const found = useSessionMovements(session.id);
  const decide = useDecide(session.id);
  const [key, renew] = useActKey();
  const me = useMe().data?.user.id;
  const isDecider = useMay()('cash:supervise') && session.status === 'OPEN';
  const act = (id: string, isApproved: boolean) => {
    if (!decide.isPending) decide.mutate({ id, isApproved, key }, { onSettled: renew });
  };
  return (
    <section aria-label={t('office.session.movements')}>
      <Title order={2} size="h4" mb="xs">
        {t('office.session.movements')}
      </Title>
      <Refusal error={decide.error} />
      <DataTable
        {...found}
        label={t('office.session.movements')}
        rowKey={(movement) => movement.id}
        columns={[
          { head: t('office.time'), cell: (movement) => time.clock(movement.createdAt) },
          { head: t('office.kind'), cell: (movement) => t(`till.report.kinds.${movement.type}`) },
          {
            head: t('common.amount'),
            cell: (movement) =>
              Object.entries(movement.amounts)
                .map(([currency, amount]) => money.wire(amount, currency))
                .join(' · '),
            isNumber: true,
          },
          { head: t('office.person'), cell: (movement) => movement.actorName, isSecondary: true },
          { head: t('common.reason'), cell: (movement) => movement.reason },
          {
            head: t('office.status'),
            cell: (movement) =>
              movement.status === 'PENDING' && isDecider && movement.actorId !== me ? (
                <Group gap="xs" wrap="nowrap">
                  <Button
                    onClick={() => {
                      act(movement.id, true);
                    }}
                  >
                    {t('office.session.approve')}
                  </Button>
                  <Button
                    variant="default"
                    onClick={() => {
                      act(movement.id, false);
                    }}
                  >
                    {t('office.session.decline')}
                  </Button>
                </Group>
              ) : (
                t(`office.session.movement.${movement.status}`)
              ),
          },
        ]}
      />
    </section>
  );
}
