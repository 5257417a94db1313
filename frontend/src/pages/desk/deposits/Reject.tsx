import { Button, Group, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { Deposit } from '@/state/queries/deposits';

import { FormDialog } from '../parts/FormDialog';
import { submitByEnter } from './GoodsFields';

const REASONS = ['twice', 'notElectric', 'mistake'] as const;
const LENGTH_MIN = 3;

interface Props {
  deposit: Deposit;
  isPending?: boolean;
  error?: unknown;
  onClose: () => void;
  onReject: (reason: string) => void;
}

/** Asks why a deposit is not reported: one press for what happens often. */
export function Reject({ deposit, isPending, error, onClose, onReject }: Props) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  return (
    <FormDialog
      title={t('deposits.reject.title')}
      submit={t('deposits.reject.do')}
      isDangerous
      isReady={reason.trim().length >= LENGTH_MIN}
      isPending={isPending ?? false}
      error={error}
      onClose={onClose}
      onSubmit={() => {
        onReject(reason.trim());
      }}
    >
      <Text>{deposit.description}</Text>
      <Textarea
        label={t('common.reason')}
        value={reason}
        maxLength={500}
        required
        data-autofocus
        onChange={(event) => {
          setReason(event.currentTarget.value);
        }}
        onKeyDown={submitByEnter}
      />
      <Group gap="xs">
        {REASONS.map((one) => (
          <Button
            key={one}
            variant="default"
            onClick={() => {
              setReason(t(`deposits.reject.reasons.${one}`));
            }}
          >
            {t(`deposits.reject.reasons.${one}`)}
          </Button>
        ))}
      </Group>
    </FormDialog>
  );
}
