import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import {
  changeBranch,
  changePolicies,
  changeRegister,
  createBranch,
  createRegister,
  listBranches,
  listRegisters,
  readPolicies,
} from '@/api';
import type {
  BranchAnswer,
  BranchChange,
  NewBranch,
  NewRegister,
  PoliciesAnswer,
  PoliciesChange,
  RegisterAnswer,
  RegisterChange,
} from '@/api';
import { data } from '@/http';

import { allOf } from './pages';

export type Branch = BranchAnswer;
export type Register = RegisterAnswer;
export type Policies = PoliciesAnswer;

export function useBranches(isEnabled = true) {
  return useQuery({
    queryKey: ['branches'],
    queryFn: () => allOf<Branch>((cursor) => data(listBranches({ query: { cursor, limit: 100 } }))),
    enabled: isEnabled,
    staleTime: 60_000,
  });
}

export function useRegisters(isEnabled = true) {
  return useQuery({
    queryKey: ['registers'],
    queryFn: () => allOf<Register>((cursor) => data(listRegisters({ query: { cursor, limit: 100 } }))),
    enabled: isEnabled,
    staleTime: 60_000,
  });
}

function useChanged() {
  const client = useQueryClient();
  return async () => {
    await Promise.all(
      ['branches', 'registers', 'policies', 'live-board', 'me'].map((key) =>
        client.invalidateQueries({ queryKey: [key] }),
      ),
    );
  };
}

/** Make one, or change the one with this id. */
export function useSaveBranch() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: BranchChange } | { id: null; body: NewBranch }) =>
      id === null
        ? data(createBranch({ body: body }))
        : data(changeBranch({ path: { branch_id: id }, body: body })),
    onSuccess,
  });
}

export function useSaveRegister() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: RegisterChange } | { id: null; body: NewRegister }) =>
      id === null
        ? data(createRegister({ body: body }))
        : data(changeRegister({ path: { register_id: id }, body: body })),
    onSuccess,
  });
}

export function usePolicies(branchId: string | null) {
  return useQuery({
    queryKey: ['policies', branchId],
    queryFn: () => data(readPolicies({ path: { branch_id: branchId ?? '' } })),
    enabled: branchId !== null,
  });
}

export function useSavePolicies(branchId: string) {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: (body: PoliciesChange) => data(changePolicies({ path: { branch_id: branchId }, body })),
    onSuccess,
  });
}
