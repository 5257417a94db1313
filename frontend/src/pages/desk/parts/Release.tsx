import { useTranslation } from 'react-i18next';

import { useRelease } from '@/state/queries/board';
import type { BoardLine } from '@/state/queries/board';

import { Confirm } from './Confirm';

/** Ends somebody's login from afar. */
export function Release({ line, onClose }: { line: BoardLine; onClose: () => void }) {
  const { t } = useTranslation();
  const release = useRelease();
  return (
    <Confirm
      title={t('desk.board.releaseTitle', { register: line.registerName })}
      submit={t('desk.board.release')}
      act={release}
      target={line.registerId}
      onClose={onClose}
    >
      {t('desk.board.releaseText', { user: line.user?.name ?? line.drawer?.openedByName ?? '–' })}
    </Confirm>
  );
}
