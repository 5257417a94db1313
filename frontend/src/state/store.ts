import { useSyncExternalStore } from 'react';

export function useKept<T>(kept: Kept<T>): T | null {
  return useSyncExternalStore(kept.subscribe, kept.get);
}

/** A small value kept in the browser's storage, shared by all tabs of this device. */
export class Kept<T> {
  private readonly listeners = new Set<() => void>();
  private value: T | null;

  constructor(private readonly key: string) {
    this.value = this.read();
    window.addEventListener('storage', (event) => {
      if (event.key !== key && event.key !== null) return;
      this.value = this.read();
      this.tell();
    });
  }

  get = (): T | null => this.value;

  set = (value: T | null): void => {
    this.value = value;
    try {
      if (value === null) localStorage.removeItem(this.key);
      else localStorage.setItem(this.key, JSON.stringify(value));
    } catch {
      // Storage is closed or full: the value lives as long as the page.
    }
    this.tell();
  };

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private tell(): void {
    for (const listener of this.listeners) listener();
  }

  private read(): T | null {
    try {
      const text = localStorage.getItem(this.key);
      return text === null ? null : (JSON.parse(text) as T);
    } catch {
      return null;
    }
  }
}
