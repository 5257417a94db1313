import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import type { BoardLine } from '@/state/queries/board';
import { useRelease } from '@/state/queries/terminal';

import { FormDialog } from './FormDialog';

/** Ends somebody's login from afar. */
export function Release({ line, onClose }: { line: BoardLine; onClose: () => void }) {
  const { t } = useTranslation();
  const release = useRelease();
  return (
    <FormDialog
      title={t('desk.board.releaseTitle', { register: line.registerName })}
      submit={t('desk.board.release')}
      isDangerous
      isPending={release.isPending}
      error={release.error}
      onClose={onClose}
      onSubmit={() => {
        release.mutate(line.registerId, { onSuccess: onClose });
      }}
    >
      <Text>
        {t('desk.board.releaseText', { user: line.user?.name ?? line.drawer?.openedByName ?? '–' })}
      </Text>
    </FormDialog>
  );
}
