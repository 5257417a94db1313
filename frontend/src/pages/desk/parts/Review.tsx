import { SegmentedControl, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { CountForm, countOf, emptyCount } from '@/components/CountForm';
import { useActKey } from '@/components/useActKey';
import { useReview } from '@/state/queries/sessions';
import type { Session } from '@/state/queries/sessions';

import { FormDialog } from './FormDialog';
import { Variance } from './SessionTable';

/** Decides about a difference: it is explained, or the drawer is counted again. */
export function Review({ session, onClose }: { session: Session; onClose: () => void }) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const [way, setWay] = useState<'APPROVE' | 'RECOUNT'>('APPROVE');
  const [note, setNote] = useState('');
  const [typed, setTyped] = useState(() => emptyCount(session.balances.map((balance) => balance.currency)));
  const review = useReview(session.id);
  const count = countOf(typed);
  const isRecount = way === 'RECOUNT';
  return (
    <FormDialog
      title={t('office.review.title')}
      submit={t(`office.review.submit.${way}`)}
      isReady={!isRecount || count !== null}
      isPending={review.isPending}
      error={review.error}
      size="lg"
      onClose={onClose}
      onSubmit={() => {
        review.mutate({ count: isRecount ? count : null, note, key }, { onSuccess: onClose });
      }}
    >
      <Text>
        {t('office.difference')}: <Variance session={session} />
      </Text>
      <SegmentedControl
        aria-label={t('office.review.title')}
        value={way}
        onChange={(chosen) => {
          setWay(chosen);
        }}
        data={(['APPROVE', 'RECOUNT'] as const).map((value) => ({
          value,
          label: t(`office.review.way.${value}`),
        }))}
        styles={{ label: { minHeight: 44, display: 'grid', alignItems: 'center' } }}
      />
      {isRecount && <CountForm typed={typed} onTyped={setTyped} />}
      <Textarea
        label={t('common.note')}
        description={t('office.review.hint')}
        value={note}
        maxLength={500}
        onChange={(event) => {
          setNote(event.currentTarget.value);
        }}
      />
    </FormDialog>
  );
}
