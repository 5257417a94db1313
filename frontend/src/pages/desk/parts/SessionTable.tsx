import { Badge, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import type { Pages } from '@/state/queries/pages';
import type { Session } from '@/state/queries/sessions';

import { DataTable } from './DataTable';
import { AnchorTo } from './links';
import { useTime } from './time';

export const STATUS_COLOURS = { OPEN: 'pine', PENDING_REVIEW: 'red', CLOSED: 'gray' } as const;

/** The difference in every currency that has one. */
export function Variance({ session }: { session: Session }) {
  const money = useMoney();
  const wrong = session.balances.filter((balance) => balance.variance !== null && balance.variance !== 0);
  if (session.balances.every((balance) => balance.variance === null)) return <>–</>;
  if (wrong.length === 0) return <>0</>;
  return (
    <Text span fw={650} style={{ whiteSpace: 'nowrap' }}>
      {wrong.map((balance) => money.wire(balance.variance ?? 0, balance.currency, 'always')).join(' · ')}
    </Text>
  );
}

export function SessionTable({
  label,
  found,
  empty,
}: {
  label: string;
  found: Pages<Session>;
  empty: string;
}) {
  const { t } = useTranslation();
  const time = useTime();
  return (
    <DataTable
      {...found}
      label={label}
      rowKey={(session) => session.id}
      empty={empty}
      columns={[
        {
          head: t('office.day'),
          cell: (session) => (
            <AnchorTo to="/desk/sessions/$id" params={{ id: session.id }}>
              {time.day(session.businessDate)}
            </AnchorTo>
          ),
        },
        { head: t('office.register'), cell: (session) => session.registerName ?? '–' },
        { head: t('office.person'), cell: (session) => session.openedByName },
        { head: t('office.opened'), cell: (session) => time.clock(session.openedAt), isSecondary: true },
        {
          head: t('office.status'),
          cell: (session) => (
            <Badge variant="light" tt="none" size="lg" color={STATUS_COLOURS[session.status]}>
              {t(`office.session.status.${session.status}`)}
            </Badge>
          ),
        },
        { head: t('office.difference'), cell: (session) => <Variance session={session} />, isNumber: true },
        { head: 'Z', cell: (session) => session.zNumber ?? '–', isNumber: true, isSecondary: true },
      ]}
    />
  );
}
