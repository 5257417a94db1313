import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';
import { useReject, useValidate } from '@/state/queries/deposits';
import type { Category, Deposit } from '@/state/queries/deposits';
import { useMe } from '@/state/queries/me';

import { useMay } from '../parts/useMay';
import { useOpener } from '../parts/useOpener';
import { CategoryChoice, useCategoryName } from './CategoryChoice';
import { Correct } from './Correct';
import { Facts } from './Facts';
import { Reject } from './Reject';

/** One deposit, and what this person may do with it. */
export function DepositDialog({ deposit, onClose }: { deposit: Deposit; onClose: () => void }) {
  const { t } = useTranslation();
  useOpener();
  const may = useMay();
  const name = useCategoryName();
  const me = useMe().data?.user.id;
  const validate = useValidate();
  const reject = useReject();
  const [asked, setAsked] = useState<'reject' | 'correct' | null>(null);
  const [category, setCategory] = useState(deposit.category as Category);
  const isWaiting = deposit.status === 'pending_validation';
  const mayDecide = may('deposits:validate') && isWaiting;
  const isOwn = may('deposits:write') && isWaiting && deposit.recordedBy === me;
  const mayCorrect = deposit.status !== 'corrected' && (may('deposits:validate') || isOwn);
  const forget = () => {
    setAsked(null);
  };
  if (asked === 'correct') {
    return <Correct deposit={deposit} category={category} onClose={forget} onDone={onClose} />;
  }
  if (asked === 'reject') {
    return (
      <Reject
        deposit={deposit}
        isPending={reject.isPending}
        error={reject.error}
        onClose={forget}
        onReject={(reason) => {
          reject.mutate({ deposit, reason }, { onSuccess: onClose });
        }}
      />
    );
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('deposits.one')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Facts deposit={deposit} />
        {mayDecide ? (
          <CategoryChoice suggestions={deposit.suggestions} value={category} onValue={setCategory} />
        ) : (
          <Text fw={600}>
            {deposit.category} {name(deposit.category)}
          </Text>
        )}
        <Refusal error={validate.error} />
        <Group justify="flex-end">
          {mayCorrect && (
            <Button
              variant="default"
              onClick={() => {
                setAsked('correct');
              }}
            >
              {t('deposits.correct.title')}
            </Button>
          )}
          {mayDecide && (
            <>
              <Button
                variant="default"
                onClick={() => {
                  setAsked('reject');
                }}
              >
                {t('deposits.reject.title')}
              </Button>
              <Button
                loading={validate.isPending}
                onClick={() => {
                  validate.mutate({ deposit, category }, { onSuccess: onClose });
                }}
              >
                {t('deposits.validate')}
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
