import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { changeUser, createUser, listUsers, renewPassword, renewPin } from '@/api';
import type { NewUser, UserAnswer, UserChange } from '@/api';
import { data, keyed } from '@/http';

import { allOf } from './pages';

export type Person = UserAnswer;

const KEY = ['people'];

export function usePeople(isEnabled = true) {
  return useQuery({
    queryKey: KEY,
    queryFn: () => allOf<Person>((cursor) => data(listUsers({ query: { cursor, limit: 100 } }))),
    enabled: isEnabled,
    staleTime: 60_000,
  });
}

function useChanged() {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: KEY });
}

/** The system gives the PIN, and a password where one is wanted; the answer shows them this once. */
export function useCreatePerson() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ body, key }: { body: NewUser; key: string }) => data(createUser({ body, ...keyed(key) })),
    onSuccess,
  });
}

export function useChangePerson() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: UserChange }) =>
      data(changeUser({ path: { user_id: id }, body })),
    onSuccess,
  });
}

export function useRenew() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, what }: { id: string; what: 'pin' | 'password' }) =>
      data((what === 'pin' ? renewPin : renewPassword)({ path: { user_id: id } })),
    onSuccess,
  });
}
