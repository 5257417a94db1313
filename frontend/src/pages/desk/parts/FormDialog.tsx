import { Button, Group, Modal, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { Refusal } from '@/components/Refusal';

import { useOpener } from './useOpener';

interface Props {
  title: string;
  submit?: string;
  isDangerous?: boolean;
  isReady?: boolean;
  isPending: boolean;
  error: unknown;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
  size?: string;
}

/** A form in a dialog: Enter submits, a second press while it is being done does nothing. */
export function FormDialog(props: Props) {
  const { t } = useTranslation();
  useOpener();
  const { isReady = true } = props;
  return (
    <Modal
      opened
      onClose={props.onClose}
      title={props.title}
      size={props.size ?? 'md'}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !props.isPending) props.onSubmit();
        }}
      >
        <Stack>
          {props.children}
          <Refusal error={props.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={props.onClose}>
              {t('common.cancel')}
            </Button>
            <Button
              type="submit"
              loading={props.isPending}
              disabled={!isReady}
              {...(props.isDangerous === true ? { color: 'red' } : {})}
            >
              {props.submit ?? t('office.save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
