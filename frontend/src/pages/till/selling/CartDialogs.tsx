import { Button, Group, Modal, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { AmountField } from '@/components/AmountField';
import { parseAmount, plain } from '@/money';
import type { CartLine } from '@/till/cart';
import type { Discount } from '@/till/pricing';

import { parseMilli, parsePercentBp, plainMilli } from './quantities';

interface DialogProps {
  title: string;
  onClose: () => void;
  onDone: () => void;
  canDo: boolean;
  action?: string;
  extra?: ReactNode;
  children: ReactNode;
}

/** A question with one answer: Enter gives it, Escape leaves things as they are. */
export function Dialog({ title, onClose, onDone, canDo, action, extra, children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (canDo) onDone();
        }}
      >
        <Stack>
          {children}
          <Group justify="space-between">
            <Group>{extra}</Group>
            <Button type="submit" disabled={!canDo}>
              {action ?? t('selling.dialog.done')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

interface DiscountState {
  way: 'percent' | 'amount';
  text: string;
}

function discountState(discount: Discount | null, currency: string): DiscountState {
  if (discount === null) return { way: 'percent', text: '' };
  if ('percentBp' in discount) return { way: 'percent', text: String(discount.percentBp / 100) };
  return { way: 'amount', text: plain(discount.amountMinor, currency) };
}

/** undefined where it is no discount. */
function discountFrom(state: DiscountState, currency: string): Discount | null | undefined {
  if (state.text.trim() === '') return null;
  if (state.way === 'percent') {
    const percentBp = parsePercentBp(state.text);
    return percentBp === null ? undefined : percentBp === 0 ? null : { percentBp };
  }
  const amountMinor = parseAmount(state.text, currency);
  if (amountMinor === null || amountMinor < 0) return undefined;
  return amountMinor === 0 ? null : { amountMinor };
}

interface DiscountFieldProps {
  state: DiscountState;
  onState: (state: DiscountState) => void;
  currency: string;
  autoFocus?: boolean;
}

function DiscountField({ state, onState, currency, autoFocus }: DiscountFieldProps) {
  const { t } = useTranslation();
  const isWrong = discountFrom(state, currency) === undefined;
  return (
    <Group align="end" wrap="nowrap">
      <TextInput
        flex={1}
        label={t('selling.dialog.discount')}
        inputMode="decimal"
        autoComplete="off"
        data-autofocus={autoFocus}
        value={state.text}
        error={isWrong ? t('common.noAmount') : undefined}
        onChange={(event) => {
          onState({ ...state, text: event.currentTarget.value });
        }}
      />
      <SegmentedControl
        aria-label={t('selling.dialog.discountWay')}
        styles={{ label: { minHeight: 40, minWidth: 52, alignContent: 'center' } }}
        data={[
          { value: 'percent', label: '%' },
          { value: 'amount', label: currency },
        ]}
        value={state.way}
        onChange={(way) => {
          onState({ ...state, way: way });
        }}
      />
    </Group>
  );
}

interface CartDiscountProps {
  discount: Discount | null;
  currency: string;
  onClose: () => void;
  onDone: (discount: Discount | null) => void;
}

export function CartDiscountDialog({ discount, currency, onClose, onDone }: CartDiscountProps) {
  const { t } = useTranslation();
  const [state, setState] = useState(() => discountState(discount, currency));
  const given = discountFrom(state, currency);
  return (
    <Dialog
      title={t('selling.dialog.cartDiscount')}
      onClose={onClose}
      canDo={given !== undefined}
      onDone={() => {
        onDone(given ?? null);
      }}
    >
      <DiscountField autoFocus state={state} onState={setState} currency={currency} />
    </Dialog>
  );
}

interface AmountProps {
  title: string;
  label: string;
  hint?: string;
  currency: string;
  minor: number;
  onClose: () => void;
  onDone: (minor: number) => void;
}

/** One amount: a donation, or the price of a product that has none. */
export function AmountDialog({ title, label, hint, currency, minor, onClose, onDone }: AmountProps) {
  const [text, setText] = useState(minor === 0 ? '' : plain(minor, currency));
  const given = parseAmount(text, currency);
  return (
    <Dialog
      title={title}
      onClose={onClose}
      canDo={given !== null && given >= 0}
      onDone={() => {
        onDone(given ?? 0);
      }}
    >
      {hint !== undefined && <Text c="dimmed">{hint}</Text>}
      <AmountField autoFocus label={label} currency={currency} text={text} onText={setText} />
    </Dialog>
  );
}

interface WeightProps {
  name: string;
  onClose: () => void;
  onDone: (quantityMilli: number) => void;
}

/** How much of a product that is sold by the kilogram. */
export function KilogramDialog({ name, onClose, onDone }: WeightProps) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const milli = parseMilli(text);
  return (
    <Dialog
      title={name}
      onClose={onClose}
      canDo={milli !== null && milli > 0}
      onDone={() => {
        onDone(milli ?? 0);
      }}
    >
      <TextInput
        data-autofocus
        size="lg"
        label={t('selling.dialog.kilograms')}
        inputMode="decimal"
        autoComplete="off"
        rightSection={<span>kg</span>}
        value={text}
        error={text !== '' && milli === null ? t('common.noAmount') : undefined}
        onChange={(event) => {
          setText(event.currentTarget.value);
        }}
      />
    </Dialog>
  );
}

const EEE = [1, 2, 3, 4, 5, 6, 7, 8] as const;

interface LineProps {
  line: CartLine;
  currency: string;
  mayPrice: boolean;
  usesEee: boolean;
  onClose: () => void;
  onDone: (change: Partial<CartLine>) => void;
}

/** Everything about a line: how much, for how much, less what, and for re-use shops its weight and category. */
export function LineDialog({ line, currency, mayPrice, usesEee, onClose, onDone }: LineProps) {
  const { t } = useTranslation();
  const [quantity, setQuantity] = useState(plainMilli(line.quantityMilli));
  const [price, setPrice] = useState(plain(line.unitPriceMinor, currency));
  const [discount, setDiscount] = useState(() => discountState(line.discount, currency));
  const [eee, setEee] = useState(line.eeeCategory);
  const [weight, setWeight] = useState(line.weightGrams === null ? '' : plainMilli(line.weightGrams));
  const milli = parseMilli(quantity, line.unit === 'PIECE' ? 0 : 3);
  const priceMinor = parseAmount(price, currency);
  const less = discountFrom(discount, currency);
  const grams = weight.trim() === '' ? null : parseMilli(weight);
  const isRight =
    milli !== null &&
    milli > 0 &&
    priceMinor !== null &&
    priceMinor >= 0 &&
    less !== undefined &&
    (weight.trim() === '' || (grams !== null && grams > 0));
  return (
    <Dialog
      title={line.name}
      onClose={onClose}
      canDo={isRight}
      extra={
        <Button
          variant="light"
          color="red"
          onClick={() => {
            onDone({ quantityMilli: 0 });
          }}
        >
          {t('selling.dialog.remove')}
        </Button>
      }
      onDone={() => {
        onDone({
          quantityMilli: milli ?? 0,
          unitPriceMinor: priceMinor ?? 0,
          isOpenPrice: line.isOpenPrice || priceMinor !== line.unitPriceMinor,
          discount: less ?? null,
          eeeCategory: eee,
          weightGrams: grams,
        });
      }}
    >
      <TextInput
        data-autofocus
        size="lg"
        label={t(line.unit === 'PIECE' ? 'selling.dialog.quantity' : 'selling.dialog.kilograms')}
        inputMode={line.unit === 'PIECE' ? 'numeric' : 'decimal'}
        autoComplete="off"
        value={quantity}
        error={milli === null ? t('common.noAmount') : undefined}
        onChange={(event) => {
          setQuantity(event.currentTarget.value);
        }}
      />
      {(mayPrice || line.isOpenPrice) && (
        <AmountField label={t('selling.dialog.price')} currency={currency} text={price} onText={setPrice} />
      )}
      <DiscountField state={discount} onState={setDiscount} currency={currency} />
      {usesEee && (
        <>
          <Select
            clearable
            label={t('selling.dialog.eee')}
            placeholder={t('selling.dialog.eeeAsProduct')}
            data={EEE.map((number) => ({ value: `EEE-${number}`, label: t(`selling.eee.${number}`) }))}
            value={eee}
            onChange={setEee}
          />
          <TextInput
            label={t('selling.dialog.weight')}
            inputMode="decimal"
            autoComplete="off"
            rightSection={<span>kg</span>}
            value={weight}
            onChange={(event) => {
              setWeight(event.currentTarget.value);
            }}
          />
        </>
      )}
    </Dialog>
  );
}

interface SureProps {
  title: string;
  text: string;
  action: string;
  onClose: () => void;
  onDone: () => void;
}

export function SureDialog({ title, text, action, onClose, onDone }: SureProps) {
  return (
    <Dialog title={title} onClose={onClose} canDo onDone={onDone} action={action}>
      <Text>{text}</Text>
    </Dialog>
  );
}

interface ParkProps {
  onClose: () => void;
  onDone: (label: string) => void;
}

/** A word by which the cart is found again. */
export function ParkDialog({ onClose, onDone }: ParkProps) {
  const { t } = useTranslation();
  const [label, setLabel] = useState('');
  return (
    <Dialog
      title={t('selling.cart.park')}
      onClose={onClose}
      canDo
      onDone={() => {
        onDone(label.trim());
      }}
    >
      <TextInput
        data-autofocus
        size="lg"
        label={t('selling.dialog.label')}
        description={t('selling.dialog.labelHint')}
        maxLength={60}
        value={label}
        onChange={(event) => {
          setLabel(event.currentTarget.value);
        }}
      />
    </Dialog>
  );
}
