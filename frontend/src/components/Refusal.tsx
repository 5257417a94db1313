import { Alert } from '@mantine/core';

import { useSentence } from './useSentence';

/** Why something did not work, read out to screen readers too; nothing while nothing is wrong. */
export function Refusal({ error }: { error: unknown }) {
  const sentence = useSentence();
  if (error === null || error === undefined) return null;
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      styles={{ message: { fontSize: 'var(--mantine-font-size-md)' } }}
    >
      {sentence(error)}
    </Alert>
  );
}
