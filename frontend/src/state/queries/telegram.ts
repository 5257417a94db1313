import { useMutation, useQueryClient } from '@tanstack/react-query';

import { giveCode, listLinks, removeLink } from '@/api';
import type { LinkCode, TelegramLink } from '@/api';
import { data, keyed } from '@/http';

import { usePages } from './pages';

export type { LinkCode, TelegramLink };

const KEY = ['telegram-links'];
const AGAIN_MS = 3_000;

/** One's own account; for an admin those of everybody. The bot uses a code without telling the page that shows it. */
export function useLinks(isCodeShown: boolean) {
  return usePages<TelegramLink>(
    [...KEY],
    (cursor) => data(listLinks({ query: { cursor } })),
    true,
    isCodeShown && AGAIN_MS,
  );
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
