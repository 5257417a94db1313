import { Button, Modal, Stack, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { hasCode } from '@/http';

/** The four refusals of a login that have a way out (terminal-login-api.md). */
export type Conflict =
  | { code: 'TPV_BUSY' | 'TPV_RESERVED'; register: string; user: string }
  | {
      code: 'SESSION_ACTIVE' | 'SESSION_PAUSED';
      register: string;
      registerId: string | null;
      device: string;
    };

export function conflictOf(error: unknown): Conflict | null {
  if (hasCode(error, 'TPV_BUSY', 'TPV_RESERVED')) {
    const info = error.extra.tpv_info as { nombre?: string; usuario?: string } | undefined;
    const code = error.code as 'TPV_BUSY' | 'TPV_RESERVED';
    return { code, register: info?.nombre ?? '', user: info?.usuario ?? '' };
  }
  if (hasCode(error, 'SESSION_ACTIVE', 'SESSION_PAUSED')) {
    const info = error.extra.session_info as
      { tpv_id?: string | null; tpv_nombre?: string | null; dispositivo?: string | null } | undefined;
    return {
      code: error.code as 'SESSION_ACTIVE' | 'SESSION_PAUSED',
      register: info?.tpv_nombre ?? '–',
      registerId: info?.tpv_id ?? null,
      device: info?.dispositivo ?? '–',
    };
  }
  return null;
}

interface Props {
  conflict: Conflict;
  isBusy: boolean;
  onClose: () => void;
  onForce: () => void;
  onOther: () => void;
  onResume: (registerId: string) => void;
}

export function ConflictDialog({ conflict, isBusy, onClose, onForce, onOther, onResume }: Props) {
  const { t } = useTranslation();
  const wayOut = () => {
    if (conflict.code === 'SESSION_ACTIVE') onForce();
    else if (conflict.code === 'SESSION_PAUSED' && conflict.registerId !== null)
      onResume(conflict.registerId);
    else onOther();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(`till.conflict.${conflict.code}.title`)}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <Stack>
        <Text>{t(`till.conflict.${conflict.code}.text`, { user: '', device: '', ...conflict })}</Text>
        <Button data-autofocus loading={isBusy} onClick={wayOut}>
          {t(`till.conflict.${conflict.code}.wayOut`, { register: conflict.register })}
        </Button>
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
      </Stack>
    </Modal>
  );
}
