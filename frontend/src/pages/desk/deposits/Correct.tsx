import { Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useActKey } from '@/components/useActKey';
import { plainMilli } from '@/pages/till/selling/quantities';
import { useCorrect } from '@/state/queries/deposits';
import type { Category, Deposit } from '@/state/queries/deposits';

import { FormDialog } from '../parts/FormDialog';
import { CategoryChoice } from './CategoryChoice';
import { GoodsFields, goodsOf } from './GoodsFields';

interface Props {
  deposit: Deposit;
  /** The category that was chosen before anything else was found wrong. */
  category: Category;
  onClose: () => void;
  onDone: (made: Deposit) => void;
}

/** What was told wrongly, told again: another deposit in the place of this one, with only what differs said anew. */
export function Correct({ deposit, category: chosen, onClose, onDone }: Props) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const correct = useCorrect();
  const [category, setCategory] = useState(chosen);
  const [typed, setTyped] = useState({
    description: deposit.description,
    quantity: String(deposit.quantity),
    kilograms: plainMilli(deposit.weightGrams),
  });
  const goods = goodsOf(typed);
  const now = { ...goods, category };
  const changes = Object.fromEntries(
    Object.entries(now).filter(([field, value]) => deposit[field as keyof typeof now] !== value),
  );
  return (
    <FormDialog
      title={t('deposits.correct.title')}
      submit={t('deposits.correct.do')}
      isReady={goods !== null && Object.keys(changes).length > 0}
      isPending={correct.isPending}
      error={correct.error}
      onClose={onClose}
      onSubmit={() => {
        correct.mutate({ id: deposit.id, body: changes, key }, { onSuccess: onDone });
      }}
    >
      <Text>{t('deposits.correct.hint')}</Text>
      <GoodsFields typed={typed} onTyped={setTyped}>
        <CategoryChoice suggestions={[]} value={category} onValue={setCategory} />
      </GoodsFields>
    </FormDialog>
  );
}
