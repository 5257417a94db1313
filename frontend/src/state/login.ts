import type { LoginAnswer } from '@/api';

import { Kept, useKept } from './store';

export type Area = 'till' | 'desk';

export interface Login {
  token: string;
  sessionId: string;
  user: { id: string; name: string; role: string };
  branch: { code: string; name: string };
  register: { id: string; name: string } | null;
}

/** The till and the desk log in apart: a manager may look at the desk in a browser that is somebody's till. */
const logins: Record<Area, Kept<Login>> = {
  till: new Kept<Login>('tillvault.till'),
  desk: new Kept<Login>('tillvault.desk'),
};

/** Why the last login of the till ended without anybody logging out here; shown beside the PIN pad. */
export const ended = new Kept<'released' | 'expired'>('tillvault.ended');

export function area(): Area {
  return location.pathname.startsWith('/desk') ? 'desk' : 'till';
}

export function currentToken(): string | null {
  return logins[area()].get()?.token ?? null;
}

export function useLogin(where: Area): Login | null {
  return useKept(logins[where]);
}

export function loginOf(where: Area): Login | null {
  return logins[where].get();
}

export function keepLogin(where: Area, answer: LoginAnswer): void {
  ended.set(null);
  logins[where].set({
    token: answer.access_token,
    sessionId: answer.session_id,
    user: { id: answer.usuario.id, name: answer.usuario.nombre, role: answer.usuario.rol },
    branch: { code: answer.tienda.codigo, name: answer.tienda.nombre },
    register: answer.tpv === null ? null : { id: answer.tpv.id, name: answer.tpv.nombre },
  });
}

export function forgetLogin(where: Area): void {
  logins[where].set(null);
}

/** The API no longer knows this token: released, logged in elsewhere, or too old. */
export function loginHasEnded(token: string, why: 'released' | 'expired' = 'expired'): void {
  for (const where of ['till', 'desk'] as const) {
    if (logins[where].get()?.token !== token) continue;
    logins[where].set(null);
    if (where === 'till') ended.set(why);
  }
}
