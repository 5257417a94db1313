import { Group, Textarea, TextInput } from '@mantine/core';
import type { KeyboardEvent, ReactNode, Ref } from 'react';
import { useTranslation } from 'react-i18next';

import { parseMilli } from '@/pages/till/selling/quantities';

/** What somebody types about a deposit. */
export interface Typed {
  description: string;
  quantity: string;
  kilograms: string;
}

export interface Goods {
  description: string;
  quantity: number;
  weightGrams: number;
}

/** Nothing while something is missing or is no number. */
export function goodsOf(typed: Typed): Goods | null {
  const description = typed.description.trim();
  const quantity = /^\d{1,5}$/.test(typed.quantity.trim()) ? Number(typed.quantity) : 0;
  const weightGrams = parseMilli(typed.kilograms) ?? 0;
  if (description === '' || quantity < 1 || quantity > 10_000) return null;
  if (weightGrams < 1 || weightGrams > 100_000_000) return null;
  return { description, quantity, weightGrams };
}

/** For a field that has lines only because its text may be long: Enter submits, as in every other field. */
export function submitByEnter(event: KeyboardEvent<HTMLTextAreaElement>): void {
  if (event.key !== 'Enter') return;
  event.preventDefault();
  event.currentTarget.form?.requestSubmit();
}

interface Props {
  typed: Typed;
  onTyped: (typed: Typed) => void;
  first?: Ref<HTMLTextAreaElement>;
  children?: ReactNode;
}

/** Description, what stands between, then number and weight. */
export function GoodsFields({ typed, onTyped, first, children }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <Textarea
        ref={first}
        label={t('deposits.description')}
        value={typed.description}
        maxLength={500}
        autosize
        minRows={1}
        autoComplete="off"
        data-autofocus
        onChange={(event) => {
          onTyped({ ...typed, description: event.currentTarget.value.replaceAll(/\s*\n\s*/g, ' ') });
        }}
        onKeyDown={submitByEnter}
      />
      {children}
      <Group grow align="flex-end">
        <TextInput
          label={t('deposits.quantity')}
          value={typed.quantity}
          inputMode="numeric"
          maxLength={5}
          autoComplete="off"
          onChange={(event) => {
            onTyped({ ...typed, quantity: event.currentTarget.value });
          }}
        />
        <TextInput
          label={t('deposits.kilograms')}
          value={typed.kilograms}
          inputMode="decimal"
          maxLength={12}
          autoComplete="off"
          onChange={(event) => {
            onTyped({ ...typed, kilograms: event.currentTarget.value });
          }}
        />
      </Group>
    </>
  );
}
