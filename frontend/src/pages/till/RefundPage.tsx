import {
  ActionIcon,
  Button,
  Card,
  Container,
  Group,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Me } from '@/api';
import { Money } from '@/components/Money';
import { PrintButton, ReceiptDialog } from '@/components/Receipt';
import { Refusal } from '@/components/Refusal';
import { useActKey } from '@/components/useActKey';
import { toMinor, toWire } from '@/money';
import { useDrawer } from '@/state/queries/drawer';
import { useMe } from '@/state/queries/me';
import { useRefund, useRefundsOf, useSale } from '@/state/queries/sales';
import type { Sale } from '@/state/queries/sales';
import { payout, refundDue, returnableOf, termsOfRefund } from '@/till/refund';
import type { Returnable } from '@/till/refund';
import { termsOf } from '@/till/selling';
import { METHODS } from '@/till/settlement';
import type { Method } from '@/till/settlement';

import { NeedsNetwork } from './selling/NeedsNetwork';
import { plainMilli } from './selling/quantities';
import { Waiting } from './TillShell';

/** Goods come back: which, how many, and what is paid for them. It needs the network, and says so. */
export function RefundPage() {
  const { id } = useParams({ from: '/till/refund/$id' });
  const me = useMe().data;
  const sale = useSale(id);
  const refunds = useRefundsOf(id);
  const [done, setDone] = useState<Sale | null>(null);
  if (done !== null) return <Refunded refund={done} />;
  if (sale.data === undefined || refunds.data === undefined || me === undefined) {
    const error = sale.error ?? refunds.error;
    return error === null ? (
      <Waiting />
    ) : (
      <Container component="main" py="lg">
        <NeedsNetwork what="refund" />
        <Refusal error={error} />
      </Container>
    );
  }
  return (
    <Refunding
      me={me}
      sale={sale.data}
      lines={returnableOf(sale.data, refunds.data.items)}
      onDone={setDone}
    />
  );
}

interface Props {
  me: Me;
  sale: Sale;
  lines: Returnable[];
  onDone: (refund: Sale) => void;
}

const REASONS = ['faulty', 'changedMind', 'wrongItem', 'wrongPrice'] as const;

function Refunding({ me, sale, lines, onDone }: Props) {
  const { t } = useTranslation();
  const [wanted, setWanted] = useState<Record<number, number>>({});
  const [method, setMethod] = useState<Method>('CASH');
  const [currency, setCurrency] = useState(sale.currency);
  const [reason, setReason] = useState('');
  const [pin, setPin] = useState('');
  const [refundId] = useActKey();
  const drawer = useDrawer().data;
  const refund = useRefund(sale.id);
  if (me.branch === null) return null;
  const needsApproval =
    me.branch.policies.cashRequireRefundApproval && !me.user.permissions.includes('sales:supervise');
  const terms = termsOfRefund(termsOf(me.branch), sale);
  const dueMinor = refundDue(lines, wanted);
  const paidIn = method === 'CASH' ? currency : sale.currency;
  const paidMinor = payout(dueMinor, method, paidIn, terms);
  const currencies = (drawer?.balances.map((one) => one.currency) ?? [sale.currency]).filter(
    (one) => one === sale.currency || terms.rates[one] !== undefined,
  );
  const picked = Object.values(wanted).some((milli) => milli > 0);
  const canDo =
    picked && reason.trim().length >= 3 && (!needsApproval || /^\d{4,8}$/.test(pin)) && !refund.isPending;
  const submit = () => {
    if (!canDo) return;
    refund.mutate(
      {
        pin,
        body: {
          id: refundId,
          ...(drawer == null ? {} : { sessionId: drawer.id }),
          lines: Object.entries(wanted)
            .filter(([, milli]) => milli > 0)
            .map(([number, milli]) => ({ number: Number(number), quantity: milli / 1000 })),
          payments:
            paidMinor === 0 ? [] : [{ method, currency: paidIn as 'EUR', amount: toWire(paidMinor, paidIn) }],
          reason: reason.trim(),
        },
      },
      { onSuccess: onDone },
    );
  };
  return (
    <Container component="main" size="sm" py="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <Stack>
          <Title order={1} size="h2">
            {t('selling.refund.title', { number: sale.receiptNumber })}
          </Title>
          <NeedsNetwork what="refund" />
          <Card className="surface" padding="sm">
            <Stack gap="xs">
              {lines.map((line) => (
                <ReturnLine
                  key={line.number}
                  line={line}
                  milli={wanted[line.number] ?? 0}
                  onMilli={(milli) => {
                    setWanted({ ...wanted, [line.number]: milli });
                  }}
                />
              ))}
            </Stack>
          </Card>
          <Button
            variant="default"
            onClick={() => {
              setWanted(
                Object.fromEntries(lines.map((line) => [line.number, line.soldMilli - line.beforeMilli])),
              );
            }}
          >
            {t('selling.refund.all')}
          </Button>
          <Group grow align="start">
            <Select
              label={t('selling.refund.how')}
              allowDeselect={false}
              data={METHODS.map((one) => ({ value: one, label: t(`selling.methods.${one}`) }))}
              value={method}
              onChange={(one) => {
                setMethod(one ?? 'CASH');
              }}
            />
            {method === 'CASH' && currencies.length > 1 && (
              <div>
                <Text size="md" fw={500}>
                  {t('selling.pay.currency')}
                </Text>
                <SegmentedControl
                  fullWidth
                  aria-label={t('selling.pay.currency')}
                  styles={{ label: { minHeight: 40, alignContent: 'center' } }}
                  data={currencies}
                  value={currency}
                  onChange={setCurrency}
                />
              </div>
            )}
          </Group>
          <Group gap="xs" role="group" aria-label={t('selling.refund.reasons')}>
            {REASONS.map((one) => (
              <Button
                key={one}
                variant="default"
                onClick={() => {
                  setReason(t(`selling.refund.because.${one}`));
                }}
              >
                {t(`selling.refund.because.${one}`)}
              </Button>
            ))}
          </Group>
          <TextInput
            label={t('common.reason')}
            value={reason}
            maxLength={200}
            onChange={(event) => {
              setReason(event.currentTarget.value);
            }}
          />
          {needsApproval && (
            <PasswordInput
              label={t('selling.refund.pin')}
              description={t('selling.refund.pinHint')}
              inputMode="numeric"
              autoComplete="off"
              maxLength={8}
              value={pin}
              onChange={(event) => {
                setPin(event.currentTarget.value);
              }}
            />
          )}
          <Refusal error={refund.error} />
          <Button type="submit" size="xl" color="red" disabled={!canDo} loading={refund.isPending}>
            {t('selling.refund.do')}&nbsp;
            <Money minor={paidMinor} currency={paidIn} inherit data-testid="refund-total" />
          </Button>
        </Stack>
      </form>
    </Container>
  );
}

interface LineProps {
  line: Returnable;
  milli: number;
  onMilli: (milli: number) => void;
}

function ReturnLine({ line, milli, onMilli }: LineProps) {
  const { t } = useTranslation();
  const left = line.soldMilli - line.beforeMilli;
  // What was weighed comes back whole; what was counted, piece by piece.
  const step = line.soldMilli % 1000 === 0 ? 1000 : left;
  return (
    <Group justify="space-between" wrap="nowrap" data-testid="return-line">
      <div>
        <Text fw={600}>{line.name}</Text>
        <Text size="sm" c="dimmed">
          {left === 0
            ? t('selling.refund.nothingLeft')
            : t('selling.refund.ofSold', { sold: plainMilli(left) })}
        </Text>
      </div>
      <Group gap={0} wrap="nowrap">
        <ActionIcon
          variant="default"
          disabled={milli === 0}
          aria-label={t('selling.cart.oneLess', { name: line.name })}
          onClick={() => {
            onMilli(Math.max(0, milli - step));
          }}
        >
          −
        </ActionIcon>
        <Text w={52} ta="center" fw={600}>
          {plainMilli(milli)}
        </Text>
        <ActionIcon
          variant="default"
          disabled={milli >= left}
          aria-label={t('selling.cart.oneMore', { name: line.name })}
          onClick={() => {
            onMilli(Math.min(left, milli + step));
          }}
        >
          +
        </ActionIcon>
      </Group>
    </Group>
  );
}

function Refunded({ refund }: { refund: Sale }) {
  const { t } = useTranslation();
  const [isShown, setIsShown] = useState(false);
  const [paid] = refund.payments;
  return (
    <Container component="main" size="xs" py="xl">
      <Stack align="center" gap="lg">
        <Title order={1} size="h2">
          {t('selling.refund.done')}
        </Title>
        {paid !== undefined && (
          <Money
            fz={44}
            fw={650}
            minor={-toMinor(paid.amount, paid.currency)}
            currency={paid.currency}
            data-testid="refunded"
          />
        )}
        <Text c="dimmed">{t('selling.done.receipt', { number: refund.receiptNumber })}</Text>
        <Group>
          <PrintButton saleId={refund.id} />
          <Button
            variant="default"
            onClick={() => {
              setIsShown(true);
            }}
          >
            {t('selling.receipt.show')}
          </Button>
        </Group>
        <Button size="lg" component={Link} to="/till/sell" autoFocus>
          {t('selling.refund.on')}
        </Button>
      </Stack>
      {isShown && (
        <ReceiptDialog
          saleId={refund.id}
          onClose={() => {
            setIsShown(false);
          }}
        />
      )}
    </Container>
  );
}
