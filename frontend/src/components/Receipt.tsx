import { Button, Group, Loader, Modal, Stack, Text } from '@mantine/core';
import { useRef } from 'react';
import { useTranslation } from 'react-i18next';

import { useReceipt, usePrint } from '@/state/queries/sales';

import { Refusal } from './Refusal';
import { useActKey } from './useActKey';

/** Print a page of its own, without leaving this one: in a frame that nobody sees. */
export function printPage(html: string): void {
  const frame = document.createElement('iframe');
  frame.style.cssText = 'position:fixed;width:0;height:0;border:0;visibility:hidden';
  frame.title = 'print';
  frame.srcdoc = html;
  frame.addEventListener('load', () => {
    const page = frame.contentWindow;
    if (page === null) return;
    page.addEventListener('afterprint', () => {
      frame.remove();
    });
    page.focus();
    page.print();
  });
  document.body.append(frame);
}

/** Prints a receipt; every printing after the first is a duplicate, and says so. */
export function PrintButton({ saleId, size }: { saleId: string; size?: string }) {
  const { t, i18n } = useTranslation();
  const print = usePrint();
  const [key, renew] = useActKey();
  return (
    <Stack gap="xs">
      <Button
        variant="default"
        size={size ?? 'md'}
        loading={print.isPending}
        onClick={() => {
          print.mutate(
            { id: saleId, lang: i18n.language, key },
            {
              onSuccess: (html) => {
                renew();
                printPage(html);
              },
            },
          );
        }}
      >
        {t('selling.receipt.print')}
      </Button>
      <Refusal error={print.error} />
    </Stack>
  );
}

/** The receipt on screen, with the QR code that a customer can hold a phone to. */
export function ReceiptDialog({ saleId, onClose }: { saleId: string; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const receipt = useReceipt(saleId, i18n.language);
  const frame = useRef<HTMLIFrameElement>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('selling.receipt.title')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        {receipt.data === undefined ? (
          receipt.error === null ? (
            <Loader aria-label={t('common.loading')} />
          ) : (
            <Refusal error={receipt.error} />
          )
        ) : (
          <iframe
            ref={frame}
            title={t('selling.receipt.title')}
            srcDoc={receipt.data}
            sandbox="allow-same-origin"
            style={{ width: '100%', height: '60vh', border: 0, background: '#fff', borderRadius: 8 }}
          />
        )}
        <Text c="dimmed" size="sm">
          {t('selling.receipt.hint')}
        </Text>
        <Group justify="flex-end">
          <PrintButton saleId={saleId} />
        </Group>
      </Stack>
    </Modal>
  );
}
