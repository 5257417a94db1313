import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

import { giveCode, listLinks, removeLink } from '@/api';
import type { LinkCode, TelegramLink } from '@/api';
import { data, keyed } from '@/http';

import { usePages } from './pages';

export type { LinkCode, TelegramLink };

const KEY = ['telegram-links'];
const AGAIN_MS = 3_000;

/** One's own account; for an admin those of everybody. */
export function useLinks() {
  return usePages<TelegramLink>([...KEY], (cursor) => data(listLinks({ query: { cursor } })));
}

/** The bot uses a code without telling this page: while one is shown, the accounts are read again and again. */
export function useLinksAgain(isWaiting: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!isWaiting) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: KEY }), AGAIN_MS);
    return () => {
      clearInterval(timer);
    };
  }, [client, isWaiting]);
}

/** The code is in this answer and nowhere else. */
export function useGiveCode() {
  return useMutation({ mutationFn: (key: string) => data(giveCode(keyed(key))) });
}

export function useRemoveLink() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => data(removeLink({ path: { link_id: id } })),
    onSettled: () => client.invalidateQueries({ queryKey: KEY }),
  });
}
