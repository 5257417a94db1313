import { Button, Group, SimpleGrid, Stack } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  onPin: (pin: string) => void;
  isBusy: boolean;
  /** While a dialog is open, keys belong to it. */
  isHeld: boolean;
}

const LENGTH_MIN = 4;
const LENGTH_MAX = 8;
/** Nobody types as fast as a scanner: keys closer together than this come from one, and are no PIN. */
const SCANNER_MS = 20;
const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** A PIN by touch or by keys, shown as dots and kept nowhere. */
export function PinPad({ onPin, isBusy, isHeld }: Props) {
  const { t } = useTranslation();
  const [pin, setPin] = useState('');
  const press = (key: string) => {
    if (isBusy || isHeld) return;
    if (key === 'Backspace') setPin(pin.slice(0, -1));
    else if (key === 'Escape') setPin('');
    else if (/^\d$/.test(key) && pin.length < LENGTH_MAX) setPin(pin + key);
    else if (key === 'Enter' && pin.length >= LENGTH_MIN) {
      setPin('');
      onPin(pin);
    }
  };
  useKeys(press, () => {
    setPin('');
  });
  const button = { size: 'xl', variant: 'default', h: 68, disabled: isBusy, tabIndex: 0 } as const;
  return (
    <Stack gap="md" w="100%" maw={340} role="group" aria-label={t('till.pin.title')}>
      <Group
        justify="center"
        gap="sm"
        h={28}
        role="status"
        aria-label={t('till.pin.typed', { count: pin.length })}
      >
        {Array.from({ length: Math.max(LENGTH_MIN, pin.length) }, (_, at) => (
          <span
            key={at}
            style={{
              width: 16,
              height: 16,
              borderRadius: 8,
              border: '2px solid var(--mantine-primary-color-filled)',
              background: at < pin.length ? 'var(--mantine-primary-color-filled)' : 'transparent',
            }}
          />
        ))}
      </Group>
      <SimpleGrid cols={3} spacing="xs" verticalSpacing="xs">
        {DIGITS.map((digit) => (
          <Button
            key={digit}
            {...button}
            fz={26}
            onClick={() => {
              press(digit);
            }}
          >
            {digit}
          </Button>
        ))}
        <Button
          {...button}
          aria-label={t('till.pin.delete')}
          onClick={() => {
            press('Backspace');
          }}
        >
          ⌫
        </Button>
        <Button
          {...button}
          fz={26}
          onClick={() => {
            press('0');
          }}
        >
          0
        </Button>
        <Button
          {...button}
          variant="filled"
          aria-label={t('till.pin.enter')}
          loading={isBusy}
          disabled={isBusy || pin.length < LENGTH_MIN}
          onClick={() => {
            press('Enter');
          }}
        >
          ↵
        </Button>
      </SimpleGrid>
    </Stack>
  );
}

/** Keys of the whole page, so that no field needs the focus; a scanner's burst is taken back. */
function useKeys(press: (key: string) => void, clear: () => void): void {
  const handlers = useRef({ press, clear });
  useEffect(() => {
    handlers.current = { press, clear };
  });
  useEffect(() => {
    let before = 0;
    let burst = 0;
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest('input, textarea, [role=dialog], [role=menu]')) return;
      const onButton = Boolean(target?.closest('button, a'));
      if (!/^(\d|Backspace|Escape|Enter)$/.test(event.key) || (event.key === 'Enter' && onButton)) return;
      burst = event.timeStamp - before < SCANNER_MS ? burst + 1 : 0;
      before = event.timeStamp;
      if (burst >= 3) handlers.current.clear();
      else handlers.current.press(event.key);
    };
    window.addEventListener('keydown', onKey);
    return () => {
      window.removeEventListener('keydown', onKey);
    };
  }, []);
}
