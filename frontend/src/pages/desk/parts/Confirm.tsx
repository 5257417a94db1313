import { Text } from '@mantine/core';
import type { UseMutationResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { FormDialog } from './FormDialog';

interface Props<T> {
  title: string;
  submit: string;
  act: UseMutationResult<unknown, Error, T>;
  /** What it is done to. */
  target: T;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before what cannot be taken back; it closes when that is done. */
export function Confirm<T>({ title, submit, act, target, onClose, children }: Props<T>) {
  return (
    <FormDialog
      title={title}
      submit={submit}
      isDangerous
      isPending={act.isPending}
      error={act.error}
      onClose={onClose}
      onSubmit={() => {
        act.mutate(target, { onSuccess: onClose });
      }}
    >
      <Text>{children}</Text>
    </FormDialog>
  );
}
