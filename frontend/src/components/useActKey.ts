import { useCallback, useState } from 'react';

/** One idempotency key for one act of a person, however often it is tried; `renew` when the act is over. */
export function useActKey(): [key: string, renew: () => void] {
  const [key, setKey] = useState(() => crypto.randomUUID() as string);
  const renew = useCallback(() => {
    setKey(crypto.randomUUID());
  }, []);
  return [key, renew];
}
