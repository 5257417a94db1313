import { ActionIcon, Button, Group, Stack, Text, Title, UnstyledButton } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { Money, useMoney } from '@/components/Money';
import { isEmpty } from '@/till/cart';
import type { Cart, CartLine, PricedCart } from '@/till/cart';

import { quantityText } from './quantities';
import styles from './selling.module.css';

interface Props {
  cart: Cart;
  priced: PricedCart;
  currency: string;
  onLine: (line: CartLine) => void;
  onQuantity: (line: CartLine, quantityMilli: number) => void;
  onAsk: (what: 'discount' | 'donation' | 'park' | 'parked' | 'empty') => void;
  parkedCount: number;
  onPay: () => void;
}

/** What the customer buys, what it costs, and the way to pay. */
export function CartPanel({ cart, priced, currency, onLine, onQuantity, onAsk, parkedCount, onPay }: Props) {
  const { t } = useTranslation();
  const end = useRef<HTMLDivElement>(null);
  const count = cart.lines.length;
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [count]);
  const nothing = isEmpty(cart);
  return (
    <section className={styles.cart} aria-label={t('selling.cart.title')}>
      <Group justify="space-between" px="sm" pt="xs" wrap="nowrap">
        <Title order={2} size="h4">
          {cart.label ?? t('selling.cart.title')}
        </Title>
        <Group gap={4} wrap="nowrap">
          {nothing ? (
            <Button
              variant="subtle"
              px="xs"
              onClick={() => {
                onAsk('parked');
              }}
            >
              {t('selling.cart.parked', { count: parkedCount })}
            </Button>
          ) : (
            <>
              <Button
                variant="subtle"
                px="xs"
                onClick={() => {
                  onAsk('park');
                }}
              >
                {t('selling.cart.park')}
              </Button>
              <Button
                variant="subtle"
                px="xs"
                color="red"
                onClick={() => {
                  onAsk('empty');
                }}
              >
                {t('selling.cart.empty')}
              </Button>
            </>
          )}
        </Group>
      </Group>
      <div className={styles.lines} data-testid="cart-lines">
        {nothing && (
          <Text c="dimmed" ta="center" p="xl">
            {t('selling.cart.nothing')}
          </Text>
        )}
        {cart.lines.map((line, index) => (
          <Line
            key={line.key}
            line={line}
            totalMinor={priced.lines[index]?.totalMinor ?? 0}
            currency={currency}
            onOpen={onLine}
            onQuantity={onQuantity}
          />
        ))}
        <div ref={end} />
      </div>
      <div className={styles.foot}>
        <Stack gap={6}>
          <Sums cart={cart} priced={priced} currency={currency} />
          <Group grow gap="xs">
            <Button
              variant="default"
              disabled={cart.lines.length === 0}
              onClick={() => {
                onAsk('discount');
              }}
            >
              {t('selling.cart.discount')}
            </Button>
            <Button
              variant="default"
              onClick={() => {
                onAsk('donation');
              }}
            >
              {t('selling.cart.donation')}
            </Button>
          </Group>
          <Button
            size="xl"
            h={64}
            disabled={nothing || priced.isDiscountTooLarge}
            onClick={onPay}
            data-testid="pay"
          >
            {t('selling.cart.pay')}&nbsp;
            <Money minor={priced.dueMinor} currency={currency} inherit />
          </Button>
        </Stack>
      </div>
    </section>
  );
}

function Sums({ cart, priced, currency }: Pick<Props, 'cart' | 'priced' | 'currency'>) {
  const { t } = useTranslation();
  return (
    <Stack gap={2}>
      {priced.discountMinor > 0 && (
        <Row label={t('selling.cart.discounts')} minor={-priced.discountMinor} currency={currency} />
      )}
      {cart.donationMinor > 0 && (
        <Row label={t('selling.cart.donation')} minor={cart.donationMinor} currency={currency} />
      )}
      {priced.taxMinor > 0 && (
        <Row label={t('selling.cart.tax')} minor={priced.taxMinor} currency={currency} />
      )}
      {priced.isDiscountTooLarge && (
        <Text c="red" role="alert">
          {t('errors.DISCOUNT_TOO_LARGE')}
        </Text>
      )}
      <Group justify="space-between" align="baseline" wrap="nowrap">
        <Text fw={600}>{t('selling.cart.total')}</Text>
        <Money
          className={styles.total ?? ''}
          minor={priced.dueMinor}
          currency={currency}
          data-testid="total"
        />
      </Group>
    </Stack>
  );
}

function Row({ label, minor, currency }: { label: string; minor: number; currency: string }) {
  return (
    <Group justify="space-between" c="dimmed" wrap="nowrap">
      <span>{label}</span>
      <Money minor={minor} currency={currency} />
    </Group>
  );
}

interface LineProps {
  line: CartLine;
  totalMinor: number;
  currency: string;
  onOpen: (line: CartLine) => void;
  onQuantity: (line: CartLine, quantityMilli: number) => void;
}

function Line({ line, totalMinor, currency, onOpen, onQuantity }: LineProps) {
  const { t, i18n } = useTranslation();
  const money = useMoney();
  const step = (by: number) => {
    onQuantity(line, line.quantityMilli + by);
  };
  return (
    <div className={styles.line} data-testid="line">
      <UnstyledButton
        className={styles.open ?? ''}
        onClick={() => {
          onOpen(line);
        }}
      >
        <Text fw={600} lh={1.25}>
          {line.name}
        </Text>
        <Text size="sm" c="dimmed">
          {quantityText(line, i18n.language)} × {money.minor(line.unitPriceMinor, currency)}
          {line.discount !== null && ` · ${t('selling.cart.less')}`}
        </Text>
      </UnstyledButton>
      {line.unit === 'PIECE' && (
        <Group gap={0} wrap="nowrap">
          <ActionIcon
            variant="default"
            aria-label={t('selling.cart.oneLess', { name: line.name })}
            onClick={() => {
              step(-1000);
            }}
          >
            −
          </ActionIcon>
          <Text w={34} ta="center" fw={600} data-testid="quantity">
            {quantityText(line, i18n.language)}
          </Text>
          <ActionIcon
            variant="default"
            aria-label={t('selling.cart.oneMore', { name: line.name })}
            onClick={() => {
              step(1000);
            }}
          >
            +
          </ActionIcon>
        </Group>
      )}
      <Money minor={totalMinor} currency={currency} fw={600} miw={76} ta="right" pr={6} />
    </div>
  );
}
