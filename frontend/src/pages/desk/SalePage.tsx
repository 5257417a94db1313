import { Card, Code, Stack, Text } from '@mantine/core';
import { getRouteApi } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { Refusal } from '@/components/Refusal';
import { useTicketRefunds, useTicket } from '@/state/queries/tickets';
import type { Sale } from '@/state/queries/tickets';

import { DataTable } from './parts/DataTable';
import { AnchorTo } from './parts/links';
import { PageHead } from './parts/PageHead';
import { Prove } from './parts/Prove';
import { useTime } from './parts/time';
import { useMay } from './parts/useMay';

const route = getRouteApi('/desk/sales/$id');

/** One sale: what was sold, how it was paid, where it stands in the ledger, and the proof of it. */
export function SalePage() {
  const { id } = route.useParams();
  const sale = useTicket(id);
  return (
    <Stack>
      <Refusal error={sale.error} />
      {sale.data !== undefined && <Detail key={id} sale={sale.data} />}
    </Stack>
  );
}

function Detail({ sale }: { sale: Sale }) {
  const { t } = useTranslation();
  const money = useMoney();
  const time = useTime();
  const may = useMay();
  const refunds = useTicketRefunds(sale.id);
  const amount = (value: number) => money.wire(value, sale.currency);
  return (
    <>
      <PageHead title={`${t(`office.sale.kind.${sale.kind}`)} ${sale.receiptNumber}`} />
      <Card className="surface">
        <Text>
          {time.moment(sale.occurredAt)} · {sale.branchName} · {sale.registerName ?? '–'} · {sale.cashierName}
        </Text>
        {sale.note !== null && <Text>{sale.note}</Text>}
        {sale.refundedSaleId !== null && (
          <AnchorTo to="/desk/sales/$id" params={{ id: sale.refundedSaleId }}>
            {t('office.sale.original')}
          </AnchorTo>
        )}
        {sale.sessionId !== null && (
          <AnchorTo to="/desk/sessions/$id" params={{ id: sale.sessionId }}>
            {t('office.sale.drawer')}
          </AnchorTo>
        )}
      </Card>
      <DataTable
        label={t('office.sale.lines')}
        items={sale.lines}
        rowKey={(line) => String(line.number)}
        columns={[
          { head: t('office.sale.line'), cell: (line) => line.name },
          { head: t('office.sale.quantity'), cell: (line) => line.quantity, isNumber: true },
          {
            head: t('office.sale.price'),
            cell: (line) => amount(line.unitPrice),
            isNumber: true,
            isSecondary: true,
          },
          {
            head: t('office.sale.discount'),
            cell: (line) => amount(line.discount),
            isNumber: true,
            isSecondary: true,
          },
          { head: t('office.total'), cell: (line) => amount(line.total), isNumber: true },
        ]}
      />
      <Card className="surface">
        {sale.donation !== 0 && (
          <Text>
            {t('office.sale.donation')}: {amount(sale.donation)}
          </Text>
        )}
        <Text fw={650} fz="xl" data-testid="sale-total">
          {t('office.total')}: {amount(sale.total)}
        </Text>
        {sale.payments.map((payment, at) => (
          <Text key={at}>
            {payment.flow === 'CHANGE' ? t('office.sale.change') : t(`office.method.${payment.method}`)}:{' '}
            {money.wire(payment.amount, payment.currency)}
          </Text>
        ))}
      </Card>
      {refunds.items.map((refund) => (
        <AnchorTo key={refund.id} to="/desk/sales/$id" params={{ id: refund.id }}>
          {t('office.sale.refunded', { number: refund.receiptNumber, amount: amount(refund.total) })}
        </AnchorTo>
      ))}
      <Card className="surface" component="section" aria-label={t('office.proof.title')}>
        <Text>
          {t('office.proof.position')}: <Code>{sale.ledgerHash ?? '–'}</Code>
        </Text>
        {may('tickets:read') && sale.ticketId !== null && (
          <Prove ticketId={sale.ticketId} number={sale.receiptNumber} />
        )}
      </Card>
    </>
  );
}
