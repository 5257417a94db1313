import { useCallback, useState } from 'react';

/**
 * One idempotency key for one act of a person, however often it is clicked or tried. It lives as long as the form: the
 * API keeps nothing of a refusal, so the next try may differ; after an answer that never came, only the same act passes.
 * `renew` is for a form that stays for another act.
 */
export function useActKey(): [key: string, renew: () => void] {
  const [key, setKey] = useState(() => crypto.randomUUID() as string);
  const renew = useCallback(() => {
    setKey(crypto.randomUUID());
  }, []);
  return [key, renew];
}
