import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { login, loginPin, logout, validatePin, verifySession, verifyStore } from '@/api';
import { body, hasCode } from '@/http';
import { store } from '@/state/device';
import type { Store } from '@/state/device';
import { ended, forgetLogin, keepLogin, loginHasEnded, loginOf } from '@/state/login';
import type { Area } from '@/state/login';

const POLL_MS = 15_000;

/** The store's name for a code; kept on this device. */
export function useVerifyStore() {
  return useMutation({
    mutationFn: async (codigo: string): Promise<Store> => {
      const found = await body(verifyStore({ path: { codigo } }));
      return {
        code: codigo.toUpperCase(),
        name: found.tienda_nombre,
        organisation: found.organizacion_nombre,
      };
    },
    onSuccess: (found) => {
      store.set(found);
    },
  });
}

/** Who a PIN is and where they can work. `force` ends their login on another device first. */
export function useValidatePin() {
  return useMutation({
    mutationFn: ({ pin, code, force }: { pin: string; code: string; force: boolean }) =>
      body(validatePin({ body: { pin, codigo_tienda: code, forzar_cierre: force } })),
  });
}

export function useLoginPin() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ pin, code, registerId }: { pin: string; code: string; registerId: string }) =>
      body(loginPin({ body: { pin, codigo_tienda: code, tpv_id: registerId, dispositivo: 'Web' } })),
    onSuccess: (answer) => {
      client.clear();
      keepLogin('till', answer);
    },
  });
}

export function useLoginPassword() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (given: { username: string; password: string; organisation: string }) =>
      body(
        login({
          body: {
            username: given.username,
            password: given.password,
            organizacion: given.organisation === '' ? null : given.organisation,
            dispositivo: 'Web',
          },
        }),
      ),
    onSuccess: (answer) => {
      client.clear();
      keepLogin('desk', answer);
    },
  });
}

/** Leave; an open drawer is paused and the register kept. A login that is over already is forgotten all the same. */
export function useLogout(where: Area) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      try {
        return await body(logout());
      } catch (error) {
        if (hasCode(error, 'UNAUTHORIZED')) return null;
        throw error;
      }
    },
    onSuccess: () => {
      forgetLogin(where);
      ended.set(null);
      client.clear();
    },
  });
}

/** Whether the login still stands; a till that was released forgets it at once. */
export async function checkLogin(where: Area): Promise<void> {
  const mine = loginOf(where);
  if (mine === null) return;
  const told = await body(verifySession());
  if (!told.valida) loginHasEnded(mine.token, told.estado === 'cerrada_por_admin' ? 'released' : 'expired');
}

export function useLoginWatch(where: Area) {
  return useQuery({
    queryKey: ['login', where, loginOf(where)?.token],
    queryFn: async () => {
      await checkLogin(where);
      return true;
    },
    refetchInterval: POLL_MS,
    refetchIntervalInBackground: true,
    staleTime: 0,
    retry: false,
  });
}
