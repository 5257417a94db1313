/** The scanner of the whole till: no code lands in a field, whatever page is shown; a page says what it does with one. */

import { useEffect, useRef } from 'react';

import { listenToScanner } from './scanner';

type Scanned = (code: string) => void;

/** Pages that want codes; the last one gets them. */
const wanting: { current: Scanned }[] = [];

/** A page that does something with codes, as long as it stands. */
export function useScans(scanned: Scanned): void {
  const latest = useRef(scanned);
  useEffect(() => {
    latest.current = scanned;
  });
  useEffect(() => {
    wanting.push(latest);
    return () => {
      wanting.splice(wanting.indexOf(latest), 1);
    };
  }, []);
}

/** Once for the till: takes codes before any field does; `unwanted` where no page wants them. */
export function useScanner(unwanted: () => void): void {
  const latest = useRef(unwanted);
  useEffect(() => {
    latest.current = unwanted;
  });
  useEffect(
    () =>
      listenToScanner((code) => {
        const page = wanting.at(-1);
        if (page === undefined) latest.current();
        else page.current(code);
      }),
    [],
  );
}
