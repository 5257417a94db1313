import { Badge, Button, Card, Container, Group, Loader, Stack, Text, TextInput, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMoney } from '@/components/Money';
import { ReceiptDialog } from '@/components/Receipt';
import { Refusal } from '@/components/Refusal';
import { useSales } from '@/state/queries/sales';
import type { Sale } from '@/state/queries/sales';

/** The last sales, or one by the number on its receipt: to look at, to print again, to take goods back. */
export function SalesPage() {
  const { t } = useTranslation();
  const [typed, setTyped] = useState('');
  const [number, setNumber] = useState<number | null>(null);
  const [shown, setShown] = useState<string | null>(null);
  const sales = useSales(number);
  return (
    <Container component="main" size="md" py="lg">
      <Stack>
        <Group justify="space-between">
          <Title order={1} size="h2">
            {t('selling.sales.title')}
          </Title>
          <Button variant="subtle" component={Link} to="/till/unsent">
            {t('selling.unsent.title')}
          </Button>
        </Group>
        <form
          role="search"
          onSubmit={(event) => {
            event.preventDefault();
            const found = /^\d{1,9}$/.exec(typed.trim());
            setNumber(found === null ? null : Math.max(1, Number(found[0])));
          }}
        >
          <Group align="end" wrap="nowrap">
            <TextInput
              flex={1}
              label={t('selling.sales.number')}
              description={t('selling.sales.numberHint')}
              inputMode="numeric"
              autoComplete="off"
              value={typed}
              onChange={(event) => {
                setTyped(event.currentTarget.value);
              }}
            />
            <Button type="submit">{t('selling.sales.find')}</Button>
          </Group>
        </form>
        <Refusal error={sales.error} />
        {sales.isLoading && <Loader aria-label={t('common.loading')} />}
        {sales.data?.items.length === 0 && <Text c="dimmed">{t('selling.sales.none')}</Text>}
        {sales.data?.items.map((sale) => (
          <Row
            key={sale.id}
            sale={sale}
            onShow={() => {
              setShown(sale.id);
            }}
          />
        ))}
      </Stack>
      {shown !== null && (
        <ReceiptDialog
          saleId={shown}
          onClose={() => {
            setShown(null);
          }}
        />
      )}
    </Container>
  );
}

function Row({ sale, onShow }: { sale: Sale; onShow: () => void }) {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const time = new Intl.DateTimeFormat(i18n.language, { dateStyle: 'short', timeStyle: 'short' });
  const navigate = useNavigate();
  const isRefund = sale.kind === 'REFUND';
  return (
    <Card className="surface" padding="sm" data-testid="sale">
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Text fw={650}>№ {sale.receiptNumber}</Text>
            <Text fw={650} data-testid="sale-total">
              {money.wire(sale.total, sale.currency)}
            </Text>
            {isRefund && (
              <Badge color="red" variant="light" tt="none">
                {t('selling.sales.refund')}
              </Badge>
            )}
          </Group>
          <Text size="sm" c="dimmed">
            {time.format(new Date(sale.occurredAt))} ·{' '}
            {[...new Set(sale.payments.map((one) => t(`selling.methods.${one.method}`)))].join(', ')} ·{' '}
            {sale.lines
              .map((line) => line.name)
              .join(', ')
              .slice(0, 60)}
          </Text>
        </div>
        <Group gap="xs">
          <Button variant="default" onClick={onShow}>
            {t('selling.receipt.show')}
          </Button>
          {!isRefund && (
            <Button
              variant="light"
              onClick={() => {
                void navigate({ to: '/till/refund/$id', params: { id: sale.id } });
              }}
            >
              {t('selling.sales.takeBack')}
            </Button>
          )}
        </Group>
      </Group>
    </Card>
  );
}
