import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { changeOrganisation, readOrganisation } from '@/api';
import type { OrganisationAnswer, OrganisationChange } from '@/api';
import { data } from '@/http';

export type Organisation = OrganisationAnswer;

const KEY = ['organisation'];

export function useOrganisation() {
  return useQuery({ queryKey: KEY, queryFn: () => data(readOrganisation()) });
}

export function useSaveOrganisation() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: OrganisationChange) => data(changeOrganisation({ body })),
    onSuccess: (changed) => {
      client.setQueryData(KEY, changed);
    },
  });
}
