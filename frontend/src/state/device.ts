import { Kept } from './store';

export interface Store {
  code: string;
  name: string;
  organisation: string;
}

const id = new Kept<string>('tillvault.device');

/** The store this device stands in; asked for once. */
export const store = new Kept<Store>('tillvault.store');

/** A name of this device's own, so that one till's wrong PINs do not slow down another. */
export function deviceId(): string {
  const known = id.get();
  if (known !== null) return known;
  const made = crypto.randomUUID();
  id.set(made);
  return made;
}
