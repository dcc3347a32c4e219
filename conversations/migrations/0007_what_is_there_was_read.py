from django.db import migrations


class Migration(migrations.Migration):
    """Until now nobody noted what was read. Nobody should come back to a list in which everything is new."""

    dependencies = [
        ("conversations", "0006_going_on"),
    ]

    operations = [
        migrations.RunSQL(
            """
            UPDATE conversations_membership AS place SET last_read = talk.length
              FROM conversations_conversation AS talk WHERE talk.id = place.conversation_id
            """,
            migrations.RunSQL.noop,
        ),
    ]
