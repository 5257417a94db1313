import { Switch, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { CountForm, countOf, emptyCount } from '@/components/CountForm';
import { useActKey } from '@/components/useActKey';
import { useForceClose } from '@/state/queries/sessions';

import { FormDialog } from './FormDialog';

interface Props {
  sessionId: string;
  currencies: readonly string[];
  whose: string;
  onClose: () => void;
}

/** Closes the drawer of somebody who does not, counted or not. */
export function ForceClose({ sessionId, currencies, whose, onClose }: Props) {
  const { t } = useTranslation();
  const [key] = useActKey();
  const [reason, setReason] = useState('');
  const [isCounted, setIsCounted] = useState(false);
  const [typed, setTyped] = useState(() => emptyCount(currencies));
  const close = useForceClose();
  const count = countOf(typed);
  return (
    <FormDialog
      title={t('office.forceClose.title', { user: whose })}
      submit={t('office.board.forceClose')}
      isDangerous
      isReady={reason.trim().length > 0 && (!isCounted || count !== null)}
      isPending={close.isPending}
      error={close.error}
      size="lg"
      onClose={onClose}
      onSubmit={() => {
        close.mutate(
          { sessionId, reason: reason.trim(), count: isCounted ? count : null, key },
          { onSuccess: onClose },
        );
      }}
    >
      <Text>{t('office.forceClose.text')}</Text>
      <Textarea
        label={t('common.reason')}
        value={reason}
        maxLength={500}
        data-autofocus
        required
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
      />
      <Switch
        size="lg"
        label={t('office.forceClose.counted')}
        checked={isCounted}
        onChange={(event) => {
          setIsCounted(event.currentTarget.checked);
        }}
      />
      {isCounted && <CountForm typed={typed} onTyped={setTyped} />}
    </FormDialog>
  );
}
